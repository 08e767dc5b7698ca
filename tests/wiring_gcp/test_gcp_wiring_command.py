"""`keyplan wire` as it is typed, for consumers on Google Cloud: pins, and a private file with the values."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import dotenv
import pytest

from keyplan import cli
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire, wire_all
from tests.wiring_gcp.conftest import Store

Run = Callable[..., tuple[int, str, str]]
VALUE = "sk-ant-" + "api03-" + "c4Nary-" * 13 + "c4" + "AA"
READER = "user:ada@example.com"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: Manifest) -> Path:
    """An empty current directory; the environment's manifest is outside it."""
    monkeypatch.setenv("KEYPLAN_MANIFEST", str(tmp_path / "manifest.json"))
    write(tmp_path, manifest)
    current = tmp_path.resolve() / "current"
    current.mkdir()
    monkeypatch.chdir(current)
    return current


def write(folder: Path, manifest: Manifest) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest.to_json()))


@pytest.fixture
def keyplan(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `keyplan wire …` and returns its exit code, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["wire", *arguments])
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


@pytest.mark.usefixtures("folder")
def test_it_prints_exactly_the_text_and_nothing_else(keyplan: Run, manifest: Manifest) -> None:
    for consumer, texts in wire_all(manifest)[0].items():
        for target, text in texts.items():
            assert keyplan(target, consumer) == (0, text, "")


@pytest.mark.usefixtures("folder")
def test_a_pin_is_a_key_and_a_number_and_may_be_repeated(keyplan: Run, manifest: Manifest) -> None:
    pinned = wire(manifest, "web", "cloud-run", {"anthropic": 7, "openrouter": 12})
    assert keyplan("cloud-run", "web", "--pin", "anthropic=7", "--pin", "openrouter=12") == (0, pinned, "")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pin", "anthropic"], "--pin takes the name of a key, `=` and the number of a version"),
        (["--pin", "anthropic=latest"], "--pin takes the name of a key, `=` and the number of a version"),
        (["--pin", "anthropic=-1"], "--pin takes the name of a key, `=` and the number of a version"),
        (["--pin", "anthropic=٣"], "--pin takes the name of a key, `=` and the number of a version"),
        (
            ["--pin", f"anthropic={'9' * 5000}"],
            "--pin takes the name of a key, `=` and the number of a version",
        ),
        (["--pin", "=7"], "--pin takes the name of a key, `=` and the number of a version"),
        (["--pin", "anthropic=0"], "--pin: the versions of a secret begin with 1"),
        (["--pin", "anthropic=7", "--pin", "anthropic=8"], "--pin names one key twice"),
        (["--pin", "antropic=7"], "web reads no such key; did you mean anthropic"),
    ],
)
def test_a_pin_that_is_none_is_refused(keyplan: Run, arguments: list[str], message: str) -> None:
    code, out, err = keyplan("cloud-run", "web", *arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.usefixtures("folder")
def test_a_pin_without_a_target_is_refused(keyplan: Run) -> None:
    code, out, err = keyplan("--pin", "anthropic=7")
    assert (code, out) == (2, "")
    assert "--pin needs a target and a consumer" in err


def test_a_private_file_holds_the_values_of_google_cloud(
    keyplan: Run, folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = store.put(VALUE, READER)
    write(folder.parent, manifest)
    monkeypatch.setenv("KEYPLAN_SANDBOX_MEMBER", READER)
    code, out, err = keyplan("dotenv", "research", "--output", ".env")
    assert (code, out) == (0, ""), err
    assert VALUE not in err
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert dotenv.dotenv_values(folder / ".env") == {
        "ANTHROPIC_MODEL": "claude-sonnet-4-6",
        "ANTHROPIC_API_KEY": VALUE,
    }


def test_a_stranger_gets_no_file(
    keyplan: Run, folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder.parent, store.put(VALUE, READER))
    monkeypatch.setenv("KEYPLAN_SANDBOX_MEMBER", "user:eve@example.com")
    code, out, err = keyplan("dotenv", "research", "--output", ".env")
    assert (code, out) == (3, "")
    assert VALUE not in err
    assert list(folder.iterdir()) == []
