"""`keyplan wire` as it is typed: what it prints, what it writes, what it refuses, and its exit codes."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import dotenv
import pytest

from keyplan import cli
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire, wire_all
from keyplan.wiring.dotenv import MARKER
from tests.moto_server import moto_server
from tests.wiring.stored_keys import store_value

ANTHROPIC = "sk-ant-" + "api03-" + "c4Nary-" * 13 + "c4" + "AA"
OPENROUTER = "sk-or-v1-" + "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Secrets Manager on this machine."""
    with moto_server() as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: Manifest) -> Path:
    """An empty current directory; the environment's manifest is outside it."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest.to_json()))
    monkeypatch.setenv("KEYPLAN_MANIFEST", str(tmp_path / "manifest.json"))
    current = tmp_path.resolve() / "current"
    current.mkdir()
    monkeypatch.chdir(current)
    return current


Stored = Callable[..., Manifest]


@pytest.fixture
def stored(endpoint: str, folder: Path, manifest: Manifest) -> Stored:
    """Stores values, by key name, and writes the manifest that finds them; a value of None stores nothing."""

    def put(**values: str | None) -> Manifest:
        changed = replace(manifest, aws=replace(manifest.aws, endpoints={"secretsmanager": endpoint}))
        for name, value in values.items():
            changed = store_value(changed, endpoint, value, name)
        (folder.parent / "manifest.json").write_text(json.dumps(changed.to_json()))
        return changed

    return put


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def keyplan(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `keyplan wire …` and returns its exit code, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["wire", *arguments])
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


# Printing


@pytest.mark.usefixtures("folder")
def test_it_prints_exactly_the_text_and_nothing_else(keyplan: Run, manifest: Manifest) -> None:
    for consumer, texts in wire_all(manifest)[0].items():
        for target, text in texts.items():
            assert keyplan(target, consumer) == (0, text, "")


TABLE = """\
CONSUMER      RUNTIME              TARGETS
batch         ecs                  ecs, dotenv
changelog     circleci             circleci
chat-api      ecs                  ecs, dotenv
evals         github-actions       github-actions, claude-code-action
image-tests   codebuild            codebuild
indexer       eks                  eks, dotenv
invoices      bitbucket-pipelines  bitbucket-pipelines
nightly       gitlab-ci            gitlab-ci
regression    azure-pipelines      azure-pipelines
reports       iam-role             iam-role, dotenv
research      people               claude-code, dotenv
search        eks                  eks, eks-external-secrets, dotenv
shop          pulumi-deployments   pulumi-deployments
summaries     jenkins              jenkins
thumbnails    lambda               lambda, lambda-extension, dotenv
translations  buildkite            buildkite
workbench     ec2                  ec2, dotenv

where dotenv fits, these fit too: shell, powershell, direnv, compose, systemd, devcontainer, vscode

with `route: federation`, these need no key of Anthropic's: batch, changelog, chat-api, evals, image-tests, indexer, invoices, nightly, regression, reports, search, shop, summaries, thumbnails, translations, workbench

whoever calls Claude, as a sample: python, typescript, curl

for a CI that cannot use its own: ci-secret, the last resort
"""  # noqa: E501  # one line of the command's


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [[], ["--list"]])
def test_without_a_target_it_shows_what_fits_each_consumer(keyplan: Run, arguments: list[str]) -> None:
    assert keyplan(*arguments) == (0, TABLE, "")


def test_a_long_environment_names_only_some_of_those_that_need_no_key(
    keyplan: Run, folder: Path, manifest: Manifest
) -> None:
    entry = manifest.consumers["batch"]
    many = {f"c{number:03}": replace(entry, name=f"c{number:03}") for number in range(500)}
    (folder.parent / "manifest.json").write_text(json.dumps(replace(manifest, consumers=many).to_json()))
    code, out, _ = keyplan()
    assert code == 0
    assert len([line for line in out.splitlines() if line.startswith("c")]) == 500
    assert "c018, c019 and 480 more\n" in out
    assert max(map(len, out.splitlines())) < 300


def test_an_environment_without_consumers_says_so(keyplan: Run, folder: Path, manifest: Manifest) -> None:
    empty = replace(manifest, consumers={}).to_json()
    (folder.parent / "manifest.json").write_text(json.dumps(empty))
    assert keyplan() == (0, "prod has no consumers\n", "")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ecs"], "a target needs a consumer"),
        (["ecs", "chat-api", "--list"], "--list shows every consumer"),
        (["--output", "x"], "--output and --force need a target"),
        (["--list", "--force"], "--output and --force need a target"),
        (["ecs", "chat-api", "--force"], "--force is about the file"),
        (["ecs", "chat-apy"], "did you mean chat-api"),
        (["nope", "chat-api"], "there is no such target"),
        (["lambda", "chat-api"], "what fits it: ecs, dotenv"),
        (["kubernetes-secret", "search"], "holds the value in Base64"),
        (["eks-external-secrets", "indexer"], "needs `identity: irsa`"),
        (["ecs", "chat-api", "extra"], "the arguments are not understood"),
        (["ecs", "chat-api", "--manifest", "/nowhere"], "no manifest"),
    ],
)
def test_wrong_use_is_exit_code_2_with_words(keyplan: Run, arguments: list[str], words: str) -> None:
    code, out, err = keyplan(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert words in err


def test_as_a_process_of_its_own(folder: Path, manifest: Manifest) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "keyplan", "wire", "github-actions", "evals"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == wire(manifest, "evals", "github-actions")


# Files without values


def test_output_writes_the_same_bytes_once_and_says_so(
    keyplan: Run, folder: Path, manifest: Manifest
) -> None:
    path = folder / "evals.yml"
    command = ("github-actions", "evals", "--output", "evals.yml")
    assert keyplan(*command) == (0, "", f"wrote {path}\n")
    assert path.read_text() == wire(manifest, "evals", "github-actions")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert keyplan(*command) == (0, "", f"{path} is as it should be\n")


def test_output_replaces_a_changed_file_with_force_only(keyplan: Run, folder: Path) -> None:
    path = folder / "fragment.json"
    path.write_text("{} edited\n")
    command = ("ecs", "chat-api", "--output", "fragment.json")
    code, _, err = keyplan(*command)
    assert code == 2
    assert "is there with other text: it is not replaced" in err
    assert path.read_text() == "{} edited\n"
    assert keyplan(*command, "--force")[0] == 0
    assert json.loads(path.read_text())["executionRoleArn"]


@pytest.mark.usefixtures("folder")
def test_a_path_that_is_no_file_is_refused(keyplan: Run) -> None:
    for path, words in (
        (".", "is a folder"),
        ("gone/x", "there is no folder"),
        ("/dev/null", "regular file"),
    ):
        code, out, err = keyplan("ecs", "chat-api", "--output", path, "--force")
        assert (code, out) == (2, "")
        assert words in err


# The file with values


def test_a_dotenv_file_holds_values_and_plain_variables_for_its_owner_alone(
    keyplan: Run, folder: Path, stored: Stored
) -> None:
    stored(anthropic=ANTHROPIC, openrouter=OPENROUTER)
    before = os.umask(0)
    try:
        code, out, err = keyplan("dotenv", "chat-api", "--output", ".env")
    finally:
        os.umask(before)
    path = folder / ".env"
    said = f"wrote {path} (mode 0600) with the values of anthropic, openrouter; delete it when done\n"
    assert (code, out, err) == (0, "", said)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith(f"{MARKER}\n# chat-api in prod\n")
    assert dict(dotenv.dotenv_values(path)) == {
        "ANTHROPIC_MAX_TOKENS": "4096",
        "ANTHROPIC_MODEL": "claude-sonnet-4-6",
        "ANTHROPIC_API_KEY": ANTHROPIC,
        "OPENROUTER_API_KEY": OPENROUTER,
    }


def test_a_second_run_brings_the_values_of_that_moment(keyplan: Run, folder: Path, stored: Stored) -> None:
    stored(anthropic=ANTHROPIC, openrouter=OPENROUTER)
    assert keyplan("dotenv", "chat-api", "--output", ".env")[0] == 0
    (folder / ".env").chmod(0o666)
    stored(anthropic=ANTHROPIC, openrouter="rotated")
    assert keyplan("dotenv", "chat-api", "--output", ".env")[0] == 0
    assert dotenv.dotenv_values(folder / ".env")["OPENROUTER_API_KEY"] == "rotated"
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert os.listdir(folder) == [".env"]


def test_a_file_of_somebody_else_is_replaced_with_force_only(
    keyplan: Run, folder: Path, stored: Stored
) -> None:
    stored(anthropic=ANTHROPIC, openrouter=OPENROUTER)
    (folder / ".env").write_text("MINE='1'\n")
    code, out, err = keyplan("dotenv", "chat-api", "--output", ".env")
    assert (code, out) == (2, "")
    assert "keyplan did not write it: it is not replaced" in err
    assert (folder / ".env").read_text() == "MINE='1'\n"
    assert keyplan("dotenv", "chat-api", "--output", ".env", "--force")[0] == 0
    assert "MINE" not in (folder / ".env").read_text()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_a_place_in_git_is_refused_before_a_value_is_read_and_force_changes_nothing(
    keyplan: Run, folder: Path
) -> None:
    # The manifest names AWS itself here: reading anything would fail the test.
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for more in ((), ("--force",)):
        code, out, err = keyplan("dotenv", "chat-api", "--output", ".env", *more)
        assert (code, out) == (2, "")
        assert "git does not ignore" in err
    (folder.parent / "link").symlink_to(folder / ".env")
    assert keyplan("dotenv", "chat-api", "--output", str(folder.parent / "link"))[0] == 2
    assert os.listdir(folder) == [".git"]


def test_when_a_key_cannot_be_read_every_such_key_is_named_and_nothing_is_written(
    keyplan: Run, folder: Path, stored: Stored
) -> None:
    stored(anthropic=ANTHROPIC, openrouter=None)
    code, out, err = keyplan("dotenv", "chat-api", "--output", ".env")
    assert (code, out) == (3, "")
    assert "openrouter" in err
    assert "nothing was written" in err
    stored(anthropic=None, openrouter=None)
    code, out, err = keyplan("dotenv", "chat-api", "--output", ".env")
    assert (code, out) == (3, "")
    assert "2 keys cannot be read" in err
    assert "anthropic" in err
    assert os.listdir(folder) == []


def test_a_value_that_readers_disagree_about_is_refused_and_shown_nowhere(
    keyplan: Run, folder: Path, stored: Stored
) -> None:
    stored(anthropic=ANTHROPIC, openrouter="CANARY\\\\${x}'\"")
    code, out, err = keyplan("dotenv", "chat-api", "--output", ".env", "--verbose")
    assert (code, out) == (2, "")
    assert "the value of openrouter cannot be in a dotenv file" in err
    assert "CANARY" not in err
    assert ANTHROPIC not in err
    assert os.listdir(folder) == []


def test_a_plain_variable_that_no_file_can_hold_is_refused_before_a_value_is_read(
    keyplan: Run, folder: Path, manifest: Manifest
) -> None:
    entry = replace(manifest.consumers["chat-api"], env={"TEXT": "two\nlines"})
    changed = replace(manifest, consumers={"chat-api": entry})
    (folder.parent / "manifest.json").write_text(json.dumps(changed.to_json()))
    code, out, err = keyplan("dotenv", "chat-api", "--output", ".env")
    assert (code, out) == (2, "")
    assert "the variable TEXT of chat-api cannot be written: readers disagree about a line break" in err
    assert "# TEXT is left out: readers disagree about a line break" in keyplan("dotenv", "chat-api")[1]


def test_printing_never_reads_a_value(keyplan: Run, stored: Stored) -> None:
    stored(anthropic=ANTHROPIC, openrouter=OPENROUTER)
    for target in ("dotenv", "ecs"):
        _, out, err = keyplan(target, "chat-api", "--verbose")
        assert ANTHROPIC not in out + err
        assert OPENROUTER not in out + err
