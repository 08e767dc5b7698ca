"""`keyplan audit evidence`: something like a value is in no bundle, and no account's names are values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from keyplan.audit.evidence.values import value_places
from tests.audit.accounts import allow, document, secret, snapshot
from tests.audit.bundles import CANARY, GATED, evidence


def _with_value(place: str) -> dict[str, Any]:
    """A snapshot with something like a value."""
    quoted = json.dumps(document(allow(Sid=CANARY)))
    made: dict[str, Callable[[], dict[str, Any]]] = {
        "secrets[0].SecretString": lambda: snapshot(secrets=[{**secret(), "SecretString": "hunter2"}]),
        "secrets[0].SecretBinary": lambda: snapshot(secrets=[{**secret(), "SecretBinary": "aHVudGVyMg=="}]),
        "secrets[0].Tags[0].Value": lambda: snapshot(secrets=[secret(Tags=[{"Key": "k", "Value": CANARY}])]),
        "secrets[0].ResourcePolicy": lambda: snapshot(secrets=[{**secret(), "ResourcePolicy": quoted}]),
        "context.note": lambda: snapshot(context={"note": quote(f"-----BEGIN PRIVATE KEY-----{CANARY}")}),
        "context.(a field)": lambda: snapshot(context={CANARY[:48]: "x"}),
        "context.reply": lambda: snapshot(context={"reply": json.dumps({"SecretString": "hunter2"})}),
    }
    return made[place]()


PLACES = [
    "secrets[0].SecretString",
    "secrets[0].SecretBinary",
    "secrets[0].Tags[0].Value",
    "secrets[0].ResourcePolicy",
    "context.note",
    "context.(a field)",
    "context.reply",
]


@pytest.mark.parametrize("place", PLACES)
def test_something_like_a_value_is_refused_with_its_place_and_never_shown(
    folder: Path, capsys: Any, place: str
) -> None:
    (folder / "accounts.json").write_text(json.dumps(_with_value(place)))
    assert evidence("--verbose") == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"error: the snapshot holds something like a value at {place}: no bundle has one\n")
    assert CANARY[:20] not in out + err
    assert "hunter2" not in out + err
    assert not (folder / "audit.zip").exists()


def test_a_value_in_a_baseline_or_behind_a_name_that_stands_twice_is_refused(
    folder: Path, capsys: Any
) -> None:
    (folder / "accepted.json").write_text((folder / "accepted.json").read_text().replace("on call", CANARY))
    assert evidence(*GATED) == 2
    assert "the baseline holds something like a value at [0].reason" in capsys.readouterr().err
    whole = (folder / "accounts.json").read_text()
    twice = whole.replace('"region":', f'"region": "{CANARY}",\n "region":')
    (folder / "accounts.json").write_text(twice)
    assert evidence() == 2
    assert "at line 5: no bundle has one" in capsys.readouterr().err


HARMLESS = [
    "arn:aws:iam::111122223333:role/task-" + "0aB" * 15,
    "arn:aws:iam::111122223333:role/ecs-task-production-worker-with-a-long-name-01234567",
    "arn:aws:iam::111122223333:role/global-infrastructure-deployment-role-2024",
    "sk-ant-rotation-lambda-role-for-production",
    "AROAEXAMPLEEXAMPLEID",
    "sk-or-v1-[0-9a-f]{64}",
    "prod/anthropic-api-key-AbCdEf",
    "secretsmanager:GetSecretValue SecretString",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_names_that_accounts_have_are_no_values(text: str) -> None:
    assert value_places(json.dumps([text]), [text]) == []


def test_an_empty_field_is_no_value() -> None:
    assert value_places('{"SecretString": ""}', {"SecretString": ""}) == []
