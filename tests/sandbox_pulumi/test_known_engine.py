"""An engine that was asked for its version is not asked again until its file changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.pulumi_cli import find
from sandbox.pulumi_cli.find import ON_PATH, OWN_COPY, Engine, fingerprint, require_engine, search
from sandbox.pulumi_cli.known import FILE_NAME, keep_engine, known_engines
from tests.sandbox_pulumi.machines import VERSION, Machine, answering, write_script


@pytest.fixture
def asked(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A line for each time that the `pulumi` on PATH is asked, which counts as an engine itself."""
    monkeypatch.setattr(find, "ENGINE_BYTES", 1)
    log = machine.root / "asked"
    log.write_text("")
    write_script(machine.on_path, f"echo >> {log}\n{answering(f'v{VERSION}')}")
    return log


def found(machine: Machine, workspace: Path) -> Engine:
    """What a command of its own process finds, and keeps."""
    find._ask_version.cache_clear()
    engine = require_engine(machine.environ(), known_engines(workspace))
    keep_engine(workspace, engine)
    return engine


def test_it_is_asked_once_and_known_by_later_commands(machine: Machine, asked: Path, tmp_path: Path) -> None:
    first = found(machine, tmp_path)
    assert first == found(machine, tmp_path) == Engine(machine.on_path, VERSION, ON_PATH, None)
    assert asked.read_text() == "\n"
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_another_engine_in_its_place_is_asked(machine: Machine, asked: Path, tmp_path: Path) -> None:
    found(machine, tmp_path)
    write_script(machine.on_path, answering("v3.1000.0"))
    assert found(machine, tmp_path).version == "3.1000.0"
    write_script(machine.on_path, answering("v3.230.0"))
    find._ask_version.cache_clear()
    assert search(machine.environ(), known_engines(tmp_path)).engine is None


def test_what_may_be_a_shim_of_a_version_manager_is_asked_every_time(
    machine: Machine, asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = machine.root / "manager"
    machine.on_path.rename(elsewhere)
    machine.on_path.symlink_to(elsewhere)  # another program's name
    found(machine, tmp_path)
    found(machine, tmp_path)
    assert (asked.read_text(), known_engines(tmp_path)) == ("\n\n", {})
    machine.on_path.unlink()
    elsewhere.rename(machine.on_path)
    monkeypatch.setattr(find, "ENGINE_BYTES", 1 << 20)  # too small to be the engine
    found(machine, tmp_path)
    assert (asked.read_text(), known_engines(tmp_path)) == ("\n\n\n", {})


def test_what_is_kept_names_no_engine_and_another_on_path_comes_first(
    machine: Machine, asked: Path, tmp_path: Path
) -> None:
    found(machine, tmp_path)
    machine.on_path.unlink()
    assert search(machine.environ(), known_engines(tmp_path)).engine is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', "\0"])
def test_a_file_that_cannot_be_read_is_as_none(
    machine: Machine, asked: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    assert known_engines(tmp_path) == {}
    found(machine, tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {fingerprint(machine.on_path): VERSION}


def test_keyplans_own_copy_of_the_real_engine_is_known_by_its_file(
    real_engine: Engine, tmp_path: Path
) -> None:
    keep_engine(tmp_path, real_engine)
    assert real_engine.origin != OWN_COPY or [*known_engines(tmp_path).values()] == [real_engine.version]
