"""Where `keyplan doctor` looks, on a machine with files in all of these places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import keyplan.doctor
from keyplan.doctor import places
from keyplan.doctor.model import Source
from tests.doctor.machines import API_KEY, CANARY, Machine
from tests.test_layers import imported_by

LINES = f"export ANTHROPIC_API_KEY={API_KEY}\n"
EDITOR = json.dumps({"claudeCode.environmentVariables": [{"name": "ANTHROPIC_API_KEY", "value": API_KEY}]})
FILES = {
    "~/.bash_aliases": LINES,
    "~/.bashrc.d/keys": LINES,
    "~/.oh-my-zsh/custom/keys.zsh": LINES,
    "~/.oh-my-zsh/custom/plugins/keys/keys.plugin.zsh": LINES,
    "~/.config/op/plugins.sh": LINES,
    "~/.config/Code/User/settings.json": EDITOR,
    "~/Library/Application Support/Cursor/User/settings.json": EDITOR,
    "~/.vscode-server/data/Machine/settings.json": EDITOR,
    ".vscode/settings.json": EDITOR,
    ".vscode/launch.json": f'{{"env": {{"ANTHROPIC_API_KEY": "{API_KEY}"}}}}',
    "Makefile": f"export ANTHROPIC_API_KEY := {API_KEY}\n",
    "justfile": f'export ANTHROPIC_API_KEY := "{API_KEY}"\n',
    "package.json": f'{{"scripts": {{"start": "ANTHROPIC_API_KEY={API_KEY} node ."}}}}',
    "compose.yaml": f"      ANTHROPIC_API_KEY: {API_KEY}\n",
    "mise.toml": f'ANTHROPIC_API_KEY = "{API_KEY}"\n',
    "scripts/start.sh": LINES,
    ".idea/runConfigurations/app.xml": f'<env name="ANTHROPIC_API_KEY" value="{API_KEY}" />',
}


@pytest.mark.parametrize("place", FILES)
def test_a_key_in_any_of_these_places_is_told_with_its_file_and_no_value(
    machine: Machine, place: str
) -> None:
    machine.put(place, FILES[place])
    done = machine.run("--format", "json", ANTHROPIC_API_KEY=API_KEY)
    assert CANARY not in done.stdout + done.stderr
    found = {(finding["code"], finding["file"]) for finding in json.loads(done.stdout)["findings"]}
    assert found == {("credential-on-disk", place)}


def test_a_folder_of_thousands_of_scripts_is_not_all_read(machine: Machine) -> None:
    (machine.project / "scripts").mkdir()
    for number in range(places.COUNT_LIMIT + 50):
        (machine.project / "scripts" / f"{number:04}.sh").touch()
    found = places.files(machine.home, machine.project, machine.home / ".claude")
    assert sum(file.source is Source.LAUNCHER for file in found) == places.COUNT_LIMIT


def test_files_that_others_may_not_read_are_said_once_each(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root every file can be read: the system's refusal is made up."""

    def refuse(path: Path, *_: object, **__: object) -> int:
        raise PermissionError(13, CANARY, str(path))

    machine.put("~/.zshrc", LINES)
    machine.put(".vscode/settings.json", EDITOR)
    monkeypatch.setattr("keyplan.doctor.places.os.open", refuse)
    found = places.files(machine.home, machine.project, machine.home / ".claude")
    problems = {file.path: file.problem for file in found if not file.path.startswith("/etc")}
    assert problems == {"~/.zshrc": "cannot be read", ".vscode/settings.json": "cannot be read"}


EFFECTS = {"os", "pathlib", "socket", "ssl", "subprocess", "threading", "time", "http", "urllib.request"}


def test_only_three_modules_touch_the_machine() -> None:
    folder = Path(keyplan.doctor.__path__[0])
    found = {
        path.stem
        for path in folder.glob("*.py")
        for name in imported_by(path)
        if name in EFFECTS or name.split(".")[0] in EFFECTS or name.startswith("keyplan.http")
    }
    assert found == {"places", "following", "probing"}
