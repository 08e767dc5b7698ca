"""Versions that are switched off in Google Secret Manager: retired or revoked, and what comes after."""

from __future__ import annotations

import pytest

from keyplan.age import State
from keyplan.errors import UsageError, ValueRevoked
from keyplan.secret_value import SecretValue
from keyplan.stores.base import Stage
from keyplan.stores.labels import RETIRED, REVOKED, STORED
from tests.command.environments import fake_key
from tests.command_gcp.gcp_lives import AT, HINT, Life
from tests.command_gcp.google import OPERATOR


def test_a_retired_version_is_off_and_no_longer_the_previous_one(life: Life) -> None:
    life.stored("a", "b")
    for _ in range(2):
        life.shut("1", RETIRED)
        assert (life.aliases, life.states) == ({"current": 2}, "DE")
        assert life.fates == {"1": RETIRED, "2": STORED}
    label = life.look().known(SecretValue(fake_key("a")).fingerprint())
    assert label is not None
    assert (label.is_dead, label.at, label.caller, label.hint) == (True, AT, OPERATOR, HINT)


def test_what_readers_get_is_never_retired(life: Life) -> None:
    life.stored("a")
    with pytest.raises(UsageError, match="it cannot be retired"):
        life.shut("1", RETIRED)
    assert (life.states, life.fates) == ("E", {"1": STORED})


def test_what_became_current_meanwhile_is_not_retired(life: Life) -> None:
    life.stored("a", "b")
    seen = life.look()
    previous = seen.at(Stage.PREVIOUS)
    assert previous is not None
    life.store.go_back(life.key, seen)
    with pytest.raises(UsageError):
        life.store.shut(life.key, seen, previous, RETIRED, AT)
    assert life.states == "EE"


def test_a_revoked_version_stays_where_readers_are_sent_and_gives_nothing(life: Life) -> None:
    life.stored("a", "b")
    life.shut("2", REVOKED)
    life.shut("2", REVOKED, "20270101T000000Z")
    assert (life.aliases, life.states) == ({"current": 2, "previous": 1}, "ED")
    assert life.fates == {"1": STORED, "2": REVOKED}
    state = life.store.state(life.key)
    assert state.trouble is not None
    assert state.trouble.state is State.REVOKED
    assert type(state.trouble.error) is ValueRevoked
    assert "the value was revoked on 2026-11-21" in state.trouble.error.message
    assert state.trouble.error.hint == "keyplan rotate anthropic"
    assert not state.holds(SecretValue(fake_key("b")).fingerprint())


def test_a_revoked_version_that_somebody_switched_on_again_is_revoked_all_the_same(life: Life) -> None:
    life.stored("a")
    life.shut("1", REVOKED)
    life.secret.versions[0].state = "ENABLED"
    state = life.store.state(life.key)
    assert state.trouble is not None
    assert state.trouble.state is State.REVOKED
    life.shut("1", REVOKED)
    assert life.states == "D"


def test_a_pending_version_with_the_same_value_is_revoked_too(life: Life) -> None:
    life.stored("a")
    life.added("b")
    life.shut("2", REVOKED)
    assert (life.aliases, life.states) == ({"current": 1}, "ED")


def test_a_rotation_after_a_leak_keeps_the_older_version_in_sight(life: Life) -> None:
    life.stored("a", "b")
    life.shut("2", REVOKED)
    life.stored("c")
    assert (life.aliases, life.states) == ({"current": 3, "previous": 1}, "EDE")
    assert life.store.state(life.key).trouble is None


def test_who_goes_back_from_a_revoked_version_leaves_it_behind(life: Life) -> None:
    life.stored("a", "b")
    life.shut("2", REVOKED)
    assert life.store.go_back(life.key, life.look()) == "1"
    assert life.aliases == {"current": 1}


def test_a_version_that_other_means_stored_is_shut_as_well(life: Life) -> None:
    life.stored("a")
    life.secret.annotations.pop("keyplan-1")
    life.shut("1", REVOKED)
    assert life.secret.annotations["keyplan-1"] == f"-:-:revoked@{AT}:-"
    assert life.states == "D"


def test_a_retired_version_can_be_revoked_and_never_the_other_way_round(life: Life) -> None:
    life.stored("a", "b")
    life.shut("1", RETIRED)
    life.shut("1", REVOKED)
    assert life.fates["1"] == REVOKED
    life.shut("1", RETIRED)
    assert life.fates["1"] == REVOKED
