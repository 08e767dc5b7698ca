"""What a secret's history in Google Secret Manager says, and what readers of its versions get."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keyplan.errors import KeyplanError, UsageError, ValueRevoked
from keyplan.stores.base import Stage
from keyplan.stores.gcp_read import GcpReader
from keyplan.stores.labels import RETIRED, REVOKED
from sandbox.gcp_server import times
from tests.command.environments import fake_key
from tests.command_gcp.gcp_lives import Life
from tests.command_gcp.google import ADMINISTRATOR, OPERATOR, READER, Google
from tests.command_gcp.googles_client import read_by


def test_history_has_every_version_over_several_pages(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    life.stored(*"abcdefg")
    monkeypatch.setattr("keyplan.stores.gcp.PAGE_SIZE", 3)
    assert [version.version_id for version in life.look().versions] == list("7654321")


def test_the_state_has_what_is_on_its_way_however_old_it_is(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    life.stored(*"abcd")
    life.secret.aliases = {"current": 2, "previous": 1}
    monkeypatch.setattr("keyplan.stores.gcp.NEWEST", 1)
    state = life.store.state(life.key)
    assert [version.version_id for version in state.versions] == ["4", "2", "1"]
    assert (state.at(Stage.CURRENT), state.at(Stage.PREVIOUS)) == (state.versions[1], state.versions[2])


def test_the_address_that_pulumi_wrote_on_the_secret_is_told(life: Life) -> None:
    assert life.look().bound_url is None
    life.secret.annotations["keyplan-url"] = "https://gateway.example.com"
    assert life.look().bound_url == life.store.state(life.key).bound_url == "https://gateway.example.com"


def destroy_later(life: Life, *numbers: int) -> None:
    for number in numbers:
        version = life.secret.versions[number - 1]
        version.state, version.destruction = "DISABLED", times.now() + timedelta(days=7)


def test_versions_whose_destruction_is_scheduled_come_back_and_shut_ones_do_not(life: Life) -> None:
    life.stored("a", "b", "c")
    life.shut("1", RETIRED)
    destroy_later(life, 1, 2, 3)
    assert life.store.restore_secret(life.key) == (
        f"versions 2 and 3 of secret {life.key.on_gcp().name} can be read again; version 1 stays deleted: "
        "keyplan shut it"
    )
    assert life.states == "DEE"
    assert [version.destruction is None for version in life.secret.versions] == [False, True, True]
    assert life.store.state(life.key).trouble is None
    with pytest.raises(UsageError, match="is not deleted; there is nothing to restore"):
        life.store.restore_secret(life.key)


@pytest.fixture
def reading(life: Life) -> Callable[[str], GcpReader]:
    def read_as(member: str) -> GcpReader:
        environ = {"KEYPLAN_SANDBOX_MEMBER": member}
        document: Any = life.manifest.to_json()
        return GcpReader(document, (), 5.0, lambda _line: None, environ)

    return read_as


def test_a_version_is_read_by_its_number_whatever_readers_get(
    life: Life, reading: Callable[[str], GcpReader]
) -> None:
    life.stored("a")
    life.added("b")
    reader = reading(ADMINISTRATOR)
    assert [reader.read_version("anthropic", number).reveal() for number in "12"] == [
        fake_key("a"),
        fake_key("b"),
    ]
    with pytest.raises(KeyplanError, match=r"may not do secretmanager\.versions\.access"):
        reading(OPERATOR).read_version("anthropic", "1")


def test_a_reader_of_a_revoked_key_is_told_when_it_may_look(
    life: Life, reading: Callable[[str], GcpReader]
) -> None:
    life.stored("a")
    life.shut("1", REVOKED)
    life.google.grant(life.key.on_gcp().name, READER, role="roles/secretmanager.secretAccessor")
    _, failures = reading(ADMINISTRATOR).read(["anthropic"])
    assert type(failures["anthropic"]) is ValueRevoked
    assert "the value was revoked on 2026-11-21" in failures["anthropic"].message
    _, failures = reading(READER).read(["anthropic"])
    assert type(failures["anthropic"]) is not ValueRevoked
    assert "is disabled: they get no value" in failures["anthropic"].message
    assert "`keyplan status` says why" in (failures["anthropic"].hint or "")


def test_googles_own_client_follows_the_aliases(life: Life, google: Google) -> None:
    from google.api_core.exceptions import BadRequest

    secret = life.key.on_gcp().name
    google.grant(secret, READER, role="roles/secretmanager.secretAccessor")
    life.stored("a", "b")
    life.added("c")
    assert read_by(READER, google, secret) == fake_key("b")
    life.store.go_back(life.key, life.look())
    assert read_by(READER, google, secret) == fake_key("a")
    life.shut("1", REVOKED)
    with pytest.raises(BadRequest, match="DISABLED"):
        read_by(READER, google, secret)
    life.waiting().promote()
    assert read_by(READER, google, secret) == fake_key("c")


def test_a_reader_looks_at_the_secret_only_after_it_got_nothing(
    life: Life, reading: Callable[[str], GcpReader]
) -> None:
    life.stored("a")
    life.google.asked.clear()
    values, _ = reading(ADMINISTRATOR).read(["anthropic"])
    assert values["anthropic"].reveal() == fake_key("a")
    assert len(life.google.asked) == 1
