"""Dates that keyplan writes into the stores get older with everything else, so that a grace period ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.stores.gcp_annotations import Announcement
from keyplan.stores.labels import REVOKED, SERVED, VersionLabel, read_text
from keyplan.stores.stored_value import revoked_at, tombstone
from sandbox.gcp_server.secret_manager.model import Secret
from sandbox.label_times import older_label, older_value
from sandbox.server.client import ServerClient, aws_client
from sandbox.server.record import ServerRecord

AT, THREE_DAYS_BEFORE = "20261121T181500Z", "20261118T181500Z"
THREE_DAYS = timedelta(days=3)
LABEL = VersionLabel("0123456789ab", "user/moto:x", "R2D...igAA", SERVED, AT)


def test_a_staging_label_and_an_annotation_move() -> None:
    expected = LABEL.became(SERVED, THREE_DAYS_BEFORE)
    assert older_label(str(LABEL), THREE_DAYS) == str(expected)
    assert older_label(LABEL.text(246), THREE_DAYS) == expected.text(246)


def test_what_announces_a_version_on_google_cloud_moves() -> None:
    said = Announcement(7, AT, LABEL)
    assert older_label(str(said), THREE_DAYS) == str(Announcement(7, THREE_DAYS_BEFORE, LABEL))


@pytest.mark.parametrize(
    "text",
    [
        "AWSCURRENT",
        "keyplan:pending",
        "https://gateway.example.com",
        str(VersionLabel("0123456789ab", "user/moto")),
        str(VersionLabel(None, "x", None, SERVED, "20269999T999999Z")),
        "keyplan:2:nonsense@20261121T181500Z",
    ],
)
def test_what_has_no_date_of_keyplans_stays(text: str) -> None:
    assert older_label(text, THREE_DAYS) == text


def test_a_tombstone_moves_and_a_value_stays() -> None:
    assert revoked_at(older_value(tombstone(AT), THREE_DAYS)) == THREE_DAYS_BEFORE
    for value in ("", "x", '{"ANTHROPIC_API_KEY": "20261121T181500Z"}', '{"KEYPLAN_REVOKED": 5}'):
        assert older_value(value, THREE_DAYS) == value


@given(
    caller=st.text(max_size=40),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),
    seconds=st.integers(0, 10**8),
)
def test_nothing_but_the_date_changes(caller: str, at: datetime, seconds: int) -> None:
    label = VersionLabel("0123456789ab", caller, None, REVOKED, f"{at:%Y%m%dT%H%M%SZ}")
    span = timedelta(seconds=seconds)
    moved = read_text(older_label(label.text(1000), span))
    assert moved is not None
    assert (moved.fingerprint, moved.caller, moved.hint, moved.fate) == (
        "0123456789ab",
        caller,
        None,
        REVOKED,
    )
    assert moved.at == f"{at.replace(microsecond=0) - span:%Y%m%dT%H%M%SZ}"


def test_the_clock_moves_them_on_aws(server: ServerRecord) -> None:
    secrets, name = aws_client(server, "secretsmanager"), "sandbox/dated"
    secrets.create_secret(Name=name)
    secrets.put_secret_value(SecretId=name, SecretString=tombstone(AT), VersionStages=[str(LABEL)])
    ServerClient(server).ask("advance", seconds=3 * 86400)
    moved = str(LABEL.became(SERVED, THREE_DAYS_BEFORE))
    found = secrets.get_secret_value(SecretId=name, VersionStage=moved)
    assert revoked_at(found["SecretString"]) == THREE_DAYS_BEFORE
    assert set(found["VersionStages"]) == {"AWSCURRENT", moved}


def test_the_clock_moves_them_on_google_cloud() -> None:
    secret = Secret("projects/1/secrets/x", datetime(2026, 11, 21, tzinfo=UTC), {})
    secret.annotations = {"keyplan-1": LABEL.text(246), "keyplan-url": "https://x.example.com", "own": AT}
    secret.age(THREE_DAYS)
    assert secret.annotations == {
        "keyplan-1": LABEL.became(SERVED, THREE_DAYS_BEFORE).text(246),
        "keyplan-url": "https://x.example.com",
        "own": AT,
    }
