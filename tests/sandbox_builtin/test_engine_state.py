"""The state file: private, whole or not at all, and folded from its journal."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from sandbox.builtin import StateUnusable
from sandbox.builtin.state import Resource, State, opened
from sandbox.provider.archives import hashed
from sandbox.provider.values import ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE_KEY


def topic(name: str, sequence: int = 1, **inputs: Any) -> Resource:
    kind = "aws:sns/topic:Topic"
    urn = f"urn:pulumi:dev::trial::{kind}::{name}"
    return Resource(urn, kind, name, name, "", {"name": name, **inputs}, {}, sequence=sequence)


def write(state: State, resource: Resource) -> None:
    state.commit(("resources", resource.urn, resource.row()))


def names(path: Path, instance: str = "first") -> list[str]:
    with opened(path, "trial", "dev", instance, preview=True) as state:
        return [resource.name for resource in state.resources()]


def test_what_is_committed_is_there_before_the_run_ends(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    with opened(path, "trial", "dev", "first", preview=False) as state:
        write(state, topic("one"))
        assert names(path) == ["one"]
        assert stat.S_IMODE(path.with_name("state.json.journal").stat().st_mode) == 0o600
    assert names(path) == ["one"]
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["state.json", "state.json.lock"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_error_in_the_run_keeps_what_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    def fail_midway() -> None:
        with opened(path, "trial", "dev", "first", preview=False) as state:
            write(state, topic("one"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    assert names(path) == ["one"]


def test_a_journal_whose_last_line_was_cut_counts_up_to_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with opened(path, "trial", "dev", "first", preview=False) as state:
        write(state, topic("one"))
    two = [["resources", topic("two", 2).urn, topic("two", 2).row()]]
    journal = json.dumps(two) + "\n" + json.dumps(two)[:-9]
    path.with_name("state.json.journal").write_text(journal)

    assert names(path) == ["one", "two"]
    with opened(path, "trial", "dev", "first", preview=False) as state:
        assert state.next_sequence() == 3
    assert names(path) == ["one", "two"]
    assert not path.with_name("state.json.journal").exists()


def test_the_journal_of_another_server_is_forgotten_with_its_state(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with opened(path, "trial", "dev", "first", preview=False) as state:
        write(state, topic("one"))
    row = topic("two", 2).row()
    path.with_name("state.json.journal").write_text(json.dumps([["resources", "two", row]]) + "\n")

    with opened(path, "trial", "dev", "second", preview=False) as state:
        assert state.discarded
        assert state.resources() == []
    assert names(path, "second") == []


def test_contents_of_archives_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    asset = {SIGNATURE_KEY: ASSET_SIGNATURE, "text": "CONTENTS"}
    code = hashed({SIGNATURE_KEY: ARCHIVE_SIGNATURE, "assets": {"a": asset}}, tmp_path)
    with opened(path, "trial", "dev", "first", preview=False) as state:
        write(state, topic("one", code=code))
        assert "CONTENTS" not in path.with_name("state.json.journal").read_text()
    assert "CONTENTS" not in path.read_text()
    assert code["hash"] in path.read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{", "cannot be read", id="malformed"),
        pytest.param("[]", "cannot be read", id="not an object"),
        pytest.param('{"version": 2}', "has version 2, and this keyplan reads version 1", id="newer"),
        pytest.param(
            '{"version": 1, "instance": "first", "project": "trial", "stack": "prod"}',
            "belongs to the stack prod, not to dev",
            id="another stack's",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_left_alone(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with (
        pytest.raises(StateUnusable, match=expected),
        opened(path, "trial", "dev", "first", preview=False),
    ):
        pass
    assert path.read_text() == text
