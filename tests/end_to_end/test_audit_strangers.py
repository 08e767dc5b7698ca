"""The audit of a whole environment: exactly the catalogue's readers, and whoever else is planted is found.

Everything is asked of snapshots that were collected from the account; the questions themselves reach nothing.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keyplan.cli import run
from keyplan.errors import UsageError
from sandbox.planting import WAYS, Planting
from tests.end_to_end.project_copy import ProjectCopy
from tests.end_to_end.stack_copy import ENVIRONMENT, MOTO_ACCOUNT, clients_of, manifest_of

IAM = f"arn:aws:iam::{MOTO_ACCOUNT}:"
READERS = {f"{IAM}role/{ENVIRONMENT}-{name}-reader" for name in ("chat-api", "evals", "summarizer")}
CHAIN, POLICY, GRANT = (f"{IAM}user/stranger-by-{way}" for way in WAYS)
STEP, TAKEN = f"{IAM}role/stranger-step", f"{IAM}role/{ENVIRONMENT}-chat-api-reader"
Asked = Callable[..., Any]


@pytest.fixture(scope="module")
def planting(running: ProjectCopy) -> Iterator[Planting]:
    """Plants strangers; in the end all are taken away again, since the account is shared."""
    found = Planting(manifest_of(running), clients_of(running))
    yield found
    for way in WAYS:
        found.remove(way)


@pytest.fixture
def collected(running: ProjectCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Collects a snapshot of the account as it is now. Returns: the file."""
    monkeypatch.chdir(running.directory)

    def collect() -> str:
        file = str(tmp_path / f"{len(list(tmp_path.iterdir()))}.json")
        assert run(["audit", "collect", "--out", file]) == 0
        return file

    return collect


@pytest.fixture
def asked(
    running: ProjectCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Asked:
    """Asks a question of a snapshot with nothing in reach: no project, no account, no network."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    (place / "manifest.json").write_text(json.dumps(manifest_of(running)))

    def ask(question: str, *words: str, snapshot: str, code: int = 0) -> Any:
        with monkeypatch.context() as patched:
            patched.chdir(place)
            patched.setattr(socket.socket, "connect", None)
            held_against = ["--manifest", "manifest.json"] if question == "gate" else []
            capsys.readouterr()
            ended = run(
                ["audit", question, *words, "--snapshot", snapshot, "--format", "json", *held_against]
            )
        assert ended == code
        return json.loads(capsys.readouterr().out)

    return ask


def test_the_catalogues_readers_alone_can_read_until_strangers_are_planted_and_once_they_are_gone(
    planting: Planting, collected: Callable[[], str], asked: Asked
) -> None:
    before = collected()
    for key, readers in (("anthropic", READERS), ("anthropic-admin", set())):
        found = asked("readers", f"{ENVIRONMENT}/{key}-api-key", snapshot=before)
        assert {each["principal"] for each in found} == readers
        assert all(each["verdict"] == "allow" and len(each["path"]) == 1 for each in found)
    assert asked("gate", snapshot=before) == {"findings": [], "accepted": [], "unused": [], "expiring": []}

    for way in WAYS:
        planting.plant("anthropic", way)
        planting.plant("anthropic", way)
    found = asked("gate", snapshot=collected(), code=1)["findings"]
    assert {each["principal"]: (each["code"], each["verdict"], each["path"]) for each in found} == {
        CHAIN: ("unlisted-reader", "allow", [CHAIN, STEP, TAKEN]),
        STEP: ("unlisted-reader", "allow", [STEP, TAKEN]),
        POLICY: ("unlisted-reader", "allow", [POLICY]),
        GRANT: ("unlisted-reader", "allow", [GRANT]),
    }
    said = {each["principal"]: each["message"] for each in found}
    taken = TAKEN.rpartition(":")[2]
    assert f"takes {taken} by {taken} trust[PlantedStranger]; reads by {taken} " in said[CHAIN]
    assert "policy[PlantedStranger]" in said[POLICY]
    assert "decrypts by the grant PlantedStranger " in said[GRANT]

    assert [planting.remove(way) for way in WAYS for _ in ("once", "again")] == [True, False] * len(WAYS)
    after = collected()
    assert asked("gate", snapshot=after)["findings"] == []
    assert _lasting(after) == _lasting(before)


def _lasting(snapshot: str) -> dict[str, Any]:
    """What a snapshot says of the account, without when it was collected."""
    document: dict[str, Any] = json.loads(Path(snapshot).read_text())
    return {name: value for name, value in document.items() if name not in ("collected", "context")}


def test_a_person_plants_and_takes_away_with_a_verb_of_the_sandbox(
    running: ProjectCopy, planting: Planting
) -> None:
    planted = running.sandbox("stranger", "--through", "grant")
    assert planted.code == 0, planted.said
    assert planted.said.startswith(f"{GRANT} may ask for the value")
    removed = running.sandbox("stranger", "--remove")
    assert (removed.code, removed.said) == (0, "gone: stranger-by-grant\n")
    with pytest.raises(UsageError, match="no role of the catalogue reads anthropic-admin"):
        planting.plant("anthropic-admin", "chain")
