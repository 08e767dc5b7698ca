"""Work on one machine, whole: the text of a target is used as the page says, and a program has its keys.

The command is the real one, Secrets Manager is moto on this machine, and only what a target starts is a
stand-in (docker, systemd) where it is not here.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.moto_server import moto_server
from tests.wiring.conftest import example
from tests.wiring.local_consumers import LEFTOVERS, NAME, PRINT, environment, record_as, recorded, run
from tests.wiring.stored_keys import store_value
from tests.wiring.systemd_reader import words

VALUES = {"anthropic": "sk-ant-" + "api03-" + "c4Nary-" * 13 + "c4" + "AA", "openrouter": "or-'\"$x"}
PROJECT = Path(__file__).resolve().parents[2]
GIVEN = {
    "ANTHROPIC_API_KEY": VALUES["anthropic"],
    "OPENROUTER_API_KEY": VALUES["openrouter"],
    "ANTHROPIC_MODEL": "claude-sonnet-4-6",
    "ANTHROPIC_MAX_TOKENS": "4096",
}


@pytest.fixture(scope="module")
def manifest() -> Iterator[Manifest]:
    """The example, with its values stored on this machine."""
    start = example()
    with moto_server() as endpoint:
        assert start.aws is not None
        found = replace(start, aws=replace(start.aws, endpoints={"secretsmanager": endpoint}))
        for name, value in VALUES.items():
            found = store_value(found, endpoint, value, name)
        yield found


@pytest.fixture
def home(manifest: Manifest, tmp_path: Path) -> Path:
    """A person's home: keyplan on the PATH, and the manifest in its place."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "keyplan"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m keyplan "$@"\n')
    command.chmod(0o755)
    place = tmp_path / ".config" / "keyplan" / "prod.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(manifest.to_json()))
    return tmp_path


def person(home: Path, **more: str) -> dict[str, str]:
    """A person's environment, with the leftovers that each story has to do away with."""
    own = {"PYTHONPATH": str(PROJECT), "AWS_EC2_METADATA_DISABLED": "true"}
    return environment(home, **own, **LEFTOVERS, **more)


def given(found: dict[str, str]) -> dict[str, str]:
    """What a program has of all that is about keys."""
    return {name: value for name, value in found.items() if name in {*GIVEN, *LEFTOVERS}}


@pytest.mark.parametrize("shell", [name for name in ("sh", "bash", "zsh") if shutil.which(name)])
def test_in_a_shell_one_program_has_the_keys_and_no_other(shell: str, home: Path) -> None:
    manifest = home / ".config" / "keyplan" / "prod.json"
    script = f'eval "$(keyplan wire shell {NAME} --manifest {manifest})"; "$@"; with_keys "$@"'
    done = run([shell, "-c", script, shell, *PRINT], person(home), home)
    assert done.returncode == 0, done.stderr
    without, with_keys = map(json.loads, done.stdout.splitlines())
    assert given(with_keys) == GIVEN
    assert given(without) == {name: GIVEN[name] for name in ("ANTHROPIC_MODEL", "ANTHROPIC_MAX_TOKENS")}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here, in which direnv runs")
def test_in_a_folder_of_direnv_exec_needs_no_manifest_named(manifest: Manifest, home: Path) -> None:
    (home / ".envrc").write_text(wire(manifest, NAME, "direnv"))
    script = f'. ./.envrc; keyplan exec --consumer {NAME} -- "$@"'
    done = run(["bash", "-c", script, "bash", *PRINT], person(home), home)
    assert done.returncode == 0, done.stderr
    assert given(json.loads(done.stdout)) == GIVEN


def test_docker_compose_has_the_values_in_its_environment_and_no_file_has_them(
    manifest: Manifest, home: Path
) -> None:
    record_as(home, "docker")
    text = wire(manifest, NAME, "compose")
    (home / "compose.keyplan.yaml").write_text(text)
    done = run(
        ["sh", "-c", text.splitlines()[2].removeprefix("# ")],
        person(home, RECORD=str(home / "record")),
        home,
    )
    assert done.returncode == 0, done.stderr
    arguments, variables = recorded(home / "record")
    assert arguments[0] == "compose"
    assert given(variables) == GIVEN
    (home / "record").unlink()
    for path in home.rglob("*"):
        assert not path.is_file() or not any(value in path.read_text() for value in VALUES.values())


def test_a_service_of_systemd_starts_with_its_keys(manifest: Manifest, home: Path) -> None:
    line = wire(manifest, NAME, "systemd").splitlines()[-1].removeprefix("ExecStart=")
    command, rest = words(line, in_command=True), slice(-2, None)
    assert command[rest] == ["PROGRAM", "ARGUMENT"]
    command[rest] = PRINT
    places = {
        "/usr/local/bin/keyplan": "keyplan",
        "/etc/keyplan/prod.json": f"{home}/.config/keyplan/prod.json",
    }
    done = run([places.get(word, word) for word in command], person(home), home)
    assert done.returncode == 0, done.stderr
    assert given(json.loads(done.stdout)) == GIVEN


def test_the_terminals_of_an_editor_need_no_manifest_named(manifest: Manifest, home: Path) -> None:
    settings = json.loads(wire(manifest, NAME, "vscode"))["terminal.integrated.env.linux"]
    terminal = person(home)
    for name, value in settings.items():
        terminal.pop(name, None)
        if value is not None:
            terminal[name] = value.replace("${env:HOME}", str(home))
    done = run(["keyplan", "exec", "--consumer", NAME, "--", *PRINT], terminal | {"HOME": str(home)}, home)
    assert done.returncode == 0, done.stderr
    assert given(json.loads(done.stdout)) == GIVEN
