"""`keyplan audit reads`: who did read a key, by every log, and whether the catalogue knows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keyplan import reads
from keyplan.cli import run
from keyplan.errors import AccessDenied, KeyplanError
from keyplan.manifest.model import Manifest
from keyplan.reads import Read, ReadReport
from keyplan.reads.tally import tally
from tests.audit.accounts import READER
from tests.audit.gated import IAM, manifest

WHEN = datetime(2026, 11, 21, 18, tzinfo=UTC)
Ask = Callable[..., tuple[int, str, str]]


def read(principal: str, *, refused: bool = False) -> Read:
    return Read(principal, principal, WHEN, "10.0.0.1", "Boto3/1.40", refused)


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Ask for the reads of prod's key, of a log with these reads, or that refuses."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest().to_json()))

    def asked(found: list[Read] | KeyplanError, *words: str) -> tuple[int, str, str]:
        def who_read(held: Manifest, key: Any, cloud: str, since: datetime, now: datetime, **_: Any) -> Any:
            assert now - since == timedelta(days=30)
            if isinstance(found, KeyplanError):
                return found
            counts = tally(found, held, key.name, cloud)
            return ReadReport(cloud, WHEN, now, counts, notes=("late by minutes",))

        monkeypatch.setattr(reads, "who_read", who_read)
        code = run(["audit", "reads", *words, "--manifest", str(tmp_path / "manifest.json")])
        said = capsys.readouterr()
        return code, said.out, said.err

    return asked


@pytest.mark.parametrize("name", ["anthropic", "prod/anthropic-api-key"])
def test_reads_of_the_catalogues_consumers_are_told_and_all_is_well(ask: Ask, name: str) -> None:
    assert ask([read(READER)], name) == (
        0,
        "who asked for it on AWS since 2026-11-21T18:00:00Z\n"
        f"  chat: {READER}\n"
        "    1 read, 2026-11-21T18:00:00Z to 2026-11-21T18:00:00Z, from 10.0.0.1, with Boto3/1.40\n"
        "  (late by minutes)\n",
        "",
    )


@pytest.mark.parametrize("refused", [False, True])
def test_somebody_else_who_read_or_tried_to_is_a_finding(ask: Ask, refused: bool) -> None:
    code, said, _ = ask([read(READER), read(f"{IAM}role/else", refused=refused)], "anthropic")
    assert code == 1
    assert said.index(f"NOT IN THE CATALOGUE: {IAM}role/else") < said.index("chat: ")


def test_programs_get_the_same(ask: Ask) -> None:
    code, said, _ = ask([read(f"{IAM}role/else")], "anthropic", "--format", "json")
    [report] = json.loads(said)
    assert (code, report["cloud"], report["complete"]) == (1, "aws", True)
    assert [(each["principal"], each["consumers"]) for each in report["readers"]] == [(f"{IAM}role/else", [])]


def test_a_log_that_refuses_is_no_proof_that_nobody_read(ask: Ask) -> None:
    code, said, problem = ask(AccessDenied("not allowed", "ask for cloudtrail:LookupEvents"), "anthropic")
    assert (code, said) == (3, "")
    assert problem == "aws: not allowed\nhint: ask for cloudtrail:LookupEvents\n"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nope"], "there is no such key in environment prod; it has anthropic"),
        (["anthropic", "--days", "0"], "--days is a number from 1 to 3650"),
        (["anthropic", "--days", "soon"], "--days is without its value, or with a wrong one"),
    ],
    ids=["no such key", "no days", "no number"],
)
def test_wrong_arguments_are_refused_with_what_is_right(ask: Ask, words: list[str], problem: str) -> None:
    code, _, said = ask([], *words)
    assert code == 2
    assert problem in said


def test_what_a_log_says_cannot_speak_to_the_terminal(ask: Ask) -> None:
    assert "\x1b" not in ask([read("evil\x1b[2J")], "anthropic")[1]
