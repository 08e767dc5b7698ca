"""`keyplan doctor` as a program, and on whatever files there are: no value seen, never a crash."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.doctor import places
from keyplan.doctor.examining import conclude, look
from keyplan.doctor.forms import as_document, as_text
from keyplan.doctor.json_places import lines, parse
from keyplan.doctor.model import FileText, Source
from keyplan.doctor.variables import CREDENTIALS, KNOWN
from tests.doctor.machines import ADDRESS, ADMIN_KEY, API_KEY, CANARY, OAUTH_TOKEN, Machine, settings

SECRETS = (API_KEY, ADMIN_KEY, OAUTH_TOKEN, ADDRESS, "canary$(canary)", " ")
PLACES = (
    "~/.claude/settings.json",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".devcontainer.json",
)
OF_LINES = (
    "~/.profile",
    "~/.bashrc",
    "~/.zshrc",
    "~/.config/fish/conf.d/a.fish",
    ".envrc",
    ".env",
    ".env.local",
)


def test_a_machine_where_nothing_is_set_is_clean(machine: Machine) -> None:
    done = machine.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nnothing is in the way\n")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("secret", SECRETS)
def test_no_value_of_any_source_is_ever_printed(machine: Machine, secret: str, form: str) -> None:
    env = dict.fromkeys(KNOWN, f"{secret}{CANARY}" if secret.strip() else secret)
    content = {"env": env, "remoteEnv": env, "apiKeyHelper": CANARY, "model": CANARY}
    for place in PLACES:
        machine.put(place, json.dumps(content, indent=1) + ("// canary" if "local" in place else ""))
    for place in OF_LINES:
        words = "set -gx {} '{}'" if "fish" in place else "export {}='{}'"
        machine.put(place, "".join(words.format(*each) + "\n" for each in env.items()))
    machine.put("~/.claude/.credentials.json", CANARY)
    done = machine.run(
        "--format", form, "--verbose", **dict.fromkeys(CREDENTIALS, secret), **{"ANTHROPIC_MODEL": CANARY}
    )
    assert done.returncode == 1
    assert CANARY not in done.stdout + done.stderr
    for place in (*PLACES[:3], *OF_LINES):
        assert place.partition("/.claude/s")[0].removeprefix("~/") in done.stdout


def test_the_json_form_has_the_documented_fields(machine: Machine) -> None:
    machine.put(".claude/settings.json", settings(ANTHROPIC_API_KEY=API_KEY))
    document = json.loads(machine.run("--format", "json", ANTHROPIC_API_KEY=ADMIN_KEY).stdout)
    fields = ["format", "clean", "claudeCode", "sdk", "findings", "unset", "remove", "hosts", "stored"]
    assert list(document) == fields
    assert (document["format"], document["clean"]) == ("keyplan-doctor/1", False)
    assert list(document["findings"][0]) == ["code", "message", "file", "line", "hint"]
    place = {"source": "project settings", "file": ".claude/settings.json", "line": 3}
    used = {"name": "ANTHROPIC_API_KEY", "kind": "API key", "places": [place]}
    assert document["claudeCode"]["uses"] == used
    assert document["sdk"]["uses"]["kind"] == "Admin API key"
    assert document["unset"] == ["ANTHROPIC_API_KEY"]
    assert document["remove"] == [{"name": "ANTHROPIC_API_KEY", **place}]


def test_files_that_cannot_be_read_are_said_and_the_rest_is_looked_at(machine: Machine) -> None:
    machine.put("~/.zshrc", b"x" * (places.SIZE_LIMIT_BYTES + 1))
    machine.put(".claude/settings.json", b"\xff{}")
    machine.put("~/.profile", b"# caf\xe9\nexport ANTHROPIC_API_KEY=\n")
    (machine.project / ".env").mkdir()
    (machine.project / ".envrc").symlink_to(".envrc")
    (machine.project / ".claude/settings.local.json").symlink_to("nowhere")
    os.mkfifo(machine.home / ".bashrc")
    done = machine.run()
    assert done.returncode == 1
    for words in (
        "~/.zshrc is larger than 1 MiB",
        ".claude/settings.json is not UTF-8 text",
        "blank: ANTHROPIC_API_KEY in ~/.profile:2",
        ".envrc cannot be read",
        "~/.bashrc is not a plain file",
    ):
        assert words in done.stdout
    assert "settings.local.json" not in done.stdout
    assert " .env " not in done.stdout, "a folder sets nothing"


def test_managed_settings_and_their_drop_ins_count_and_the_last_wins(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MANAGED", (tmp_path / "managed",))
    for name in ("settings.json", "settings.d/20.json", "settings.d/10.json"):
        path = tmp_path / "managed" / f"managed-{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(settings(ANTHROPIC_API_KEY=f"canary {name}"))
    found = places.files(machine.home, machine.project, machine.home / ".claude")
    used = conclude(look({}, found)).claude_code.uses
    assert used is not None
    assert used.places[0].place == f"{tmp_path}/managed/managed-settings.d/20.json:3"


def test_a_project_that_is_the_home_folder_has_its_settings_once(machine: Machine) -> None:
    machine.put("~/.claude/settings.json", settings(ANTHROPIC_API_KEY=API_KEY))
    found = places.files(machine.home, machine.home, machine.home / ".claude")
    assert [file.path for file in found if "settings" in file.path] == ["~/.claude/settings.json"]


def test_the_releases_of_litellm_that_steal_are_named_and_others_are_not(machine: Machine) -> None:
    for version in ("1.82.6", "1.82.7"):
        machine.put(f".venv/lib/python3.12/site-packages/litellm-{version}.dist-info/METADATA", "")
    (machine.home / "active" / "lib").mkdir(parents=True)
    machine.put("~/active/lib/python3.11/site-packages/litellm-1.82.8.dist-info/METADATA", "")
    found = json.loads(machine.run("--format", "json", VIRTUAL_ENV=str(machine.home / "active")).stdout)[
        "findings"
    ]
    assert {finding["code"] for finding in found} == {"litellm-compromised"}
    assert {finding["file"].rpartition("/")[2] for finding in found} == {
        "litellm-1.82.7.dist-info",
        "litellm-1.82.8.dist-info",
    }


def test_a_folder_that_is_not_there_is_refused_without_repeating_it(machine: Machine) -> None:
    done = machine.run("--project", "canary")
    assert (done.returncode, done.stdout) == (2, "")
    assert CANARY not in done.stderr


JSON_SNIPPETS = (
    '{"env": {',
    '"ANTHROPIC_API_KEY"',
    ":",
    ",",
    "}",
    "{",
    "[",
    "]",
    '"',
    "\\",
    "//",
    "/*",
    "*/",
    "\n",
)
SHELL_SNIPPETS = (
    "'",
    "=",
    "export ",
    "ANTHROPIC_API_KEY=",
    "set -gx ",
    "$env:",
    "canary",
    " ",
    "#",
    "\0",
    "`",
)
SNIPPETS = st.sampled_from((*JSON_SNIPPETS, *SHELL_SNIPPETS))


@given(
    text=st.one_of(st.text(), st.lists(SNIPPETS, max_size=40).map("".join)),
    source=st.sampled_from([source for source in Source if source is not Source.LOGIN]),
    value=st.text(),
)
def test_any_text_in_any_file_is_looked_at_without_a_crash(text: str, source: Source, value: str) -> None:
    diagnosis = conclude(look({"ANTHROPIC_API_KEY": value}, [FileText(source, "file", text)]))
    assert CANARY not in as_text(diagnosis) + json.dumps(as_document(diagnosis))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=5), st.booleans())
def test_every_field_has_the_line_on_which_it_stands(document: dict[str, object], commented: bool) -> None:
    text = json.dumps(document, indent=1)
    if commented:
        text = "/* { \n */ // [\n" + text.replace("\n}", ",\n}") if document else text
    assert parse(text)[0] == document
    places, written = lines(text), text.split("\n")
    for name in document:
        assert written[places[(name,)] - 1].startswith(f" {json.dumps(name)}:")


@pytest.mark.parametrize(
    "unit", ['\\"', "/*/", '"', ",", "{", "ANTHROPIC_API_KEY=", "//", "$env:ANTHROPIC_MODEL"]
)
def test_a_file_of_the_largest_size_is_read_in_one_go(unit: str) -> None:
    """A pattern that goes back and forth in it would never end."""
    text = unit * (places.SIZE_LIMIT_BYTES // len(unit))
    for source in (Source.USER, Source.PROFILE, Source.DOTENV):
        assert as_text(conclude(look({}, [FileText(source, "file", text)])))
