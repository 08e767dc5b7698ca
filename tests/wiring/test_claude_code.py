"""The claude-code target: settings that name the right key, and a merge that loses nothing of anybody's."""

from __future__ import annotations

import json
import shlex
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan import cli
from keyplan.cli.arguments import Parser
from keyplan.cli.key_helper import configure
from keyplan.errors import UsageError
from keyplan.manifest.model import GcpLocation, Manifest, ManifestConsumer
from keyplan.wiring import wire
from keyplan.wiring.claude.merging import WINNING, merge
from tests.wiring.conftest import consumer, key

URL = "https://llm.example.com/anthropic"
HIDDEN = "sk-ant-" + "api03-" + "h1dden-" * 13 + "h1" + "AA"
COMMAND = "keyplan key-helper --manifest ~/.config/keyplan/prod.json --key anthropic"
SETTINGS = {
    "$schema": "https://json.schemastore.org/claude-code-settings.json",
    "apiKeyHelper": COMMAND,
    "env": {"ANTHROPIC_MODEL": "claude-opus-4-6", "CLAUDE_CODE_API_KEY_HELPER_TTL_MS": "300000"},
}
OURS = json.dumps(SETTINGS)


def people(manifest: Manifest, **changes: Any) -> Manifest:
    """The environment with one consumer `me`, a person."""
    me: ManifestConsumer = replace(consumer("me", "people"), **changes)
    gate = replace(key("gate", "ANTHROPIC_AUTH_TOKEN", "g4TeWy"), vendor="gateway", base_url=URL)
    other = replace(key("second", "SECOND_API_KEY", "s3C0nd"), vendor="anthropic")
    keys = {**manifest.keys, "gate": gate, "second": other}
    return replace(manifest, keys=keys, consumers={"me": me})


def settings(manifest: Manifest, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(wire(people(manifest, **changes), "me", "claude-code"))
    return found


def test_the_settings_name_the_helper_its_refresh_and_the_plain_variables(manifest: Manifest) -> None:
    assert json.loads(wire(manifest, "research", "claude-code")) == SETTINGS


def test_a_gateways_token_and_its_address_are_a_pair(manifest: Manifest) -> None:
    found = settings(manifest, keys=("gate",), env={"ANTHROPIC_BASE_URL": URL})
    assert found["apiKeyHelper"].endswith("--key gate")
    assert found["env"]["ANTHROPIC_BASE_URL"] == URL


def test_an_interval_of_the_consumers_own_stays(manifest: Manifest) -> None:
    found = settings(manifest, env={"CLAUDE_CODE_API_KEY_HELPER_TTL_MS": "60000"})
    assert found["env"] == {"CLAUDE_CODE_API_KEY_HELPER_TTL_MS": "60000"}


def test_of_several_keys_the_one_in_the_usual_variable_is_asked_for(manifest: Manifest) -> None:
    assert settings(manifest, keys=("second", "openrouter", "anthropic"))["apiKeyHelper"] == COMMAND


def test_of_several_keys_the_catalogues_own_choice_comes_first(manifest: Manifest) -> None:
    several = replace(people(manifest, keys=("second", "anthropic")), claude_code_key="second")
    assert json.loads(wire(several, "me", "claude-code"))["apiKeyHelper"].endswith("--key second")


def test_in_two_clouds_the_helper_reads_in_the_consumers_own(manifest: Manifest) -> None:
    both = replace(manifest, gcp=GcpLocation("example-prod", "1", "europe-west1", "o", "a"))
    assert settings(both)["apiKeyHelper"] == f"{COMMAND} --cloud aws"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"keys": ("openrouter",)}, "Claude Code gets one key, and me reads no key that it can use"),
        (
            {"keys": ("anthropic", "gate"), "env": {"ANTHROPIC_BASE_URL": URL}},
            "me reads several keys that it can use: anthropic, gate",
        ),
    ],
)
def test_a_consumer_without_one_key_for_it_is_refused(
    manifest: Manifest, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        settings(manifest, **changes)


@pytest.mark.parametrize("name", [*WINNING[:4], "ANTHROPIC_BASE_URL"])
def test_a_plain_variable_that_would_win_is_refused(manifest: Manifest, name: str) -> None:
    with pytest.raises(UsageError, match=f"the variable {name} of me cannot be written: ") as caught:
        settings(manifest, env={name: HIDDEN})
    assert HIDDEN not in caught.value.message


def test_the_command_is_one_that_the_helper_understands_and_sh_hands_over(
    manifest: Manifest, tmp_path: Path
) -> None:
    """The real shell splits it, with a stand-in for keyplan that shows its arguments."""
    program = tmp_path / "keyplan"
    program.write_text('#!/bin/sh\nfor each in "$@"; do printf "%s\\n" "$each"; done\n')
    program.chmod(0o755)
    home = tmp_path / "a home"
    done = subprocess.run(
        ["/bin/sh", "-c", json.loads(wire(manifest, "research", "claude-code"))["apiKeyHelper"]],
        env={"PATH": str(tmp_path), "HOME": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    verb, *arguments = done.stdout.splitlines()
    parser = Parser(verb, "")
    configure(parser)
    found = parser.parse_args(arguments)
    assert (verb, found.manifest, found.key) == (
        "key-helper",
        f"{home}/.config/keyplan/prod.json",
        "anthropic",
    )


# Merging


def test_what_is_there_stays_and_what_is_new_is_told() -> None:
    existing = {
        "permissions": {"deny": ["Read(./.env)"]},
        "apiKeyHelper": f"echo {HIDDEN}",
        "env": {"ANTHROPIC_MODEL": HIDDEN, "DISABLE_AUTOUPDATER": "1"},
        "größe": 1.5,
    }
    found = merge(json.dumps(existing), OURS, "settings.json")
    assert json.loads(found.text) == {
        **existing,
        **SETTINGS,
        "env": {"DISABLE_AUTOUPDATER": "1", **SETTINGS["env"]},  # type: ignore[dict-item]
    }
    assert found.changes == (
        '+ $schema: "https://json.schemastore.org/claude-code-settings.json"',
        f'~ apiKeyHelper: "{COMMAND}" (in place of another)',
        '~ env.ANTHROPIC_MODEL: "claude-opus-4-6" (in place of another)',
        '+ env.CLAUDE_CODE_API_KEY_HELPER_TTL_MS: "300000"',
    )
    assert "größe" in found.text


@pytest.mark.parametrize("existing", ["", " \n"])
def test_an_empty_file_has_no_settings_yet(existing: str) -> None:
    assert json.loads(merge(existing, OURS, "settings.json").text) == SETTINGS


def test_a_second_time_nothing_changes_not_even_a_blank() -> None:
    existing = json.dumps({**SETTINGS, "model": "opus"}, indent="\t")
    again = merge(existing, OURS, "settings.json")
    assert (again.text, again.changes) == (existing, ())


def test_the_path_of_the_program_before_the_command_is_no_change() -> None:
    existing = json.dumps({**SETTINGS, "apiKeyHelper": f"/opt/venv/bin/{COMMAND}"})
    assert merge(existing, OURS, "settings.json").changes == ()
    existing = json.dumps({**SETTINGS, "apiKeyHelper": f"cat /{COMMAND}"})
    assert len(merge(existing, OURS, "settings.json").changes) == 1


REFUSED = {
    "a comment": '{\n  // mine\n  "model": "opus"\n}',
    "a comma too many": '{"model": "opus",}',
    "broken off": '{"model": "op',
    "a field twice": '{"model": "opus", "model": "sonnet"}',
    "a list": "[]",
    "variables that are none": '{"env": []}',
    "no number": '{"x": NaN}',
    "a number without end": '{"x": 1e999}',
    "too deep": "[" * 100_000,
    "a byte order mark": '\ufeff{"model": "opus"}',
    **{f"{name}, which wins": json.dumps({"env": {name: HIDDEN}}) for name in WINNING},
    "an address that is not ours": json.dumps({"env": {"ANTHROPIC_BASE_URL": URL}}),
}


@pytest.mark.parametrize("existing", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_merged_is_refused_and_shown_nowhere(existing: str) -> None:
    with pytest.raises(UsageError) as caught:
        merge(existing, OURS, "settings.json")
    said = f"{caught.value.message}{caught.value.hint}"
    assert "settings.json" in said
    assert HIDDEN not in said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    others=st.dictionaries(st.text().filter(lambda name: name not in SETTINGS), JSON, max_size=4),
    env=st.dictionaries(st.from_regex(r"X[A-Z]{1,4}", fullmatch=True), st.text(), max_size=3),
    ascii_only=st.booleans(),
)
def test_every_other_setting_survives_whatever_it_is(
    others: dict[str, Any], env: dict[str, str], ascii_only: bool
) -> None:
    existing = {**others, "env": env}
    text = merge(json.dumps(existing, ensure_ascii=ascii_only), OURS, "settings.json").text
    assert json.loads(text.encode()) == {**existing, **SETTINGS, "env": {**env, **SETTINGS["env"]}}  # type: ignore[dict-item]


def test_half_a_character_survives_too() -> None:
    text = merge('{"model": "\\ud800"}', OURS, "settings.json").text
    assert json.loads(text.encode())["model"] == "\ud800"


# As it is typed


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def keyplan(
    tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs `keyplan wire claude-code research --output settings.json …` in an empty folder."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest.to_json()))
    monkeypatch.setenv("KEYPLAN_MANIFEST", str(tmp_path / "manifest.json"))
    (tmp_path / "current").mkdir()
    monkeypatch.chdir(tmp_path / "current")

    def run(*more: str) -> tuple[int, str, str]:
        code = cli.run(["wire", "claude-code", "research", "--output", "settings.json", *more])
        return (code, *capsys.readouterr())

    return run


def test_a_new_file_is_written_and_a_right_one_left(keyplan: Run) -> None:
    path = Path("settings.json").resolve()
    assert keyplan() == (0, "", f"wrote {path}\n")
    assert json.loads(path.read_text()) == SETTINGS
    assert keyplan() == (0, "", f"{path} is as it should be\n")


def test_an_existing_file_is_changed_with_yes_only_and_keeps_its_mode(keyplan: Run) -> None:
    path = Path("settings.json").resolve()
    before = json.dumps({**SETTINGS, "apiKeyHelper": f"echo {HIDDEN}", "model": "opus"})
    path.write_text(before)
    path.chmod(0o600)
    code, out, err = keyplan()
    assert (code, out) == (2, f'~ apiKeyHelper: "{COMMAND}" (in place of another)\n')
    assert "nothing was written" in err
    assert HIDDEN not in err
    assert path.read_text() == before
    assert keyplan("--yes") == (0, out, f"merged into {path}\n")
    assert json.loads(path.read_text()) == {**SETTINGS, "model": "opus"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b'{"model": "opus"} // mine', b"\xff\xfe{}"])
def test_a_file_that_is_no_json_is_left_as_it_is(keyplan: Run, content: bytes) -> None:
    path = Path("settings.json")
    path.write_bytes(content)
    code, out, err = keyplan("--yes")
    assert (code, out) == (2, "")
    assert "is left as it is" in err
    assert path.read_bytes() == content


def test_a_file_that_changes_meanwhile_is_not_written(keyplan: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("settings.json")
    path.write_text("{}")

    def slow(*arguments: str) -> object:
        path.write_text('{"model": "opus"}')
        return merge(*arguments)

    monkeypatch.setattr("keyplan.wiring.claude.merging.merge", slow)
    code, _, err = keyplan("--yes")
    assert (code, path.read_text()) == (4, '{"model": "opus"}')
    assert "was changed meanwhile: nothing was written" in err


def test_force_and_yes_are_refused_where_they_mean_nothing(
    keyplan: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keyplan("--force")[0] == 2
    assert not Path("settings.json").exists()
    assert cli.run(["wire", "claude-code", "research", "--yes"]) == 2
    assert cli.run(["wire", "dotenv", "research", "--output", "x", "--yes"]) == 2
    assert "--yes is for `claude-code --output`" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not here")
def test_node_whose_parser_claude_code_uses_reads_the_same(manifest: Manifest) -> None:
    text = wire(people(manifest, env={"TEXT": "'\"\\ \u2028 ü \n$HOME`x`"}), "me", "claude-code")
    program = "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8'))))"
    done = subprocess.run(["node", "-e", program], input=text.encode(), capture_output=True, check=True)
    assert json.loads(done.stdout) == json.loads(text)
    assert shlex.split(json.loads(text)["apiKeyHelper"])[:2] == ["keyplan", "key-helper"]
