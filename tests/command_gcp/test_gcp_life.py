"""A version's life in Google Secret Manager: pending, current, previous; and every step twice."""

from __future__ import annotations

import pytest

from keyplan.age import State
from keyplan.errors import ChangedMeanwhile, ValueMissing, ValueRevoked
from keyplan.secret_value import SecretValue
from keyplan.stores.base import Stage
from keyplan.stores.labels import SERVED, STORED
from sandbox.gcp_server import times
from tests.command.environments import fake_key
from tests.command_gcp.gcp_lives import AT, HINT, Life
from tests.command_gcp.google import OPERATOR


def test_a_version_that_was_added_is_pending_and_nobody_is_sent_to_it(life: Life) -> None:
    life.stored("a")
    deposit = life.added("b")
    assert not deposit.seen_when_added
    assert (life.aliases, life.states) == ({"current": 1, "pending": 2}, "EE")
    for state in (life.store.state(life.key), life.look()):
        assert [(each.version_id, each.stage, each.is_readable) for each in state.versions] == [
            ("2", Stage.PENDING, True),
            ("1", Stage.CURRENT, True),
        ]
        label = state.versions[0].label
        assert label is not None
        assert (label.fate, label.hint, label.caller, label.at) == (STORED, HINT, OPERATOR, None)
        assert state.trouble is None
        assert state.unserved is None
        known = state.known(SecretValue(fake_key("b")).fingerprint())
        assert known is not None


def test_promoting_makes_it_current_and_a_second_time_changes_nothing(life: Life) -> None:
    life.stored("a")
    deposit = life.added("b")
    assert [deposit.promote(), deposit.promote()] == ["2", "2"]
    assert life.aliases == {"current": 2, "previous": 1}
    assert life.fates == {"1": STORED, "2": STORED}
    assert deposit.current_version() == "2"


def test_another_machine_goes_on_from_the_secret_alone(life: Life) -> None:
    life.stored("a")
    life.added("b")
    waiting = life.waiting()
    waiting.add()  # nothing: it is there
    assert (waiting.version_id, waiting.promote()) == ("2", "2")
    assert life.aliases == {"current": 2, "previous": 1}
    current = life.look().current
    assert current is not None
    assert current.label is not None
    assert (current.label.fate, current.label.hint, current.label.caller) == (SERVED, HINT, OPERATOR)
    assert current.label.at is not None
    assert len(life.secret.versions) == 2
    assert life.store.pending(life.key, life.look()) is None


def test_of_two_who_go_on_both_are_done_and_it_is_promoted_once(life: Life) -> None:
    life.stored("a")
    life.added("b")
    first, second = life.waiting(), life.waiting()
    assert [first.promote(), second.promote()] == ["2", "2"]
    assert life.aliases == {"current": 2, "previous": 1}


def test_of_two_who_begin_the_second_is_told_before_it_stores_anything(life: Life) -> None:
    life.stored("a")
    first, second = life.deposit("b"), life.deposit("c")
    first.add()
    with pytest.raises(ChangedMeanwhile):
        second.add()
    assert second.withdraw()
    assert (life.aliases, life.states) == ({"current": 1, "pending": 2}, "EE")
    first.promote()
    assert life.aliases == {"current": 2, "previous": 1}
    assert life.look().unserved is None


def test_one_whose_pending_version_somebody_took_away_is_told(life: Life) -> None:
    life.stored("a")
    mine = life.added("b")
    assert life.waiting().withdraw()
    with pytest.raises(ChangedMeanwhile):
        mine.promote()
    assert life.aliases == {"current": 1}


def test_one_who_promotes_when_readers_were_sent_elsewhere_is_told(life: Life) -> None:
    life.stored("a", "b")
    mine = life.added("c")
    life.meanwhile("PATCH", lambda: life.aliases.update(current=1, previous=2))
    with pytest.raises(ChangedMeanwhile):
        mine.promote()
    assert life.aliases == {"current": 1, "previous": 2, "pending": 3}


def test_what_is_withdrawn_is_off_and_forgotten_and_the_value_may_come_again(life: Life) -> None:
    life.stored("a")
    life.added("b")
    waiting = life.waiting()
    assert waiting.withdraw()
    assert waiting.withdraw()
    assert (life.aliases, life.states, life.fates) == ({"current": 1}, "ED", {"1": STORED})
    assert life.look().known(SecretValue(fake_key("b")).fingerprint()) is None
    life.stored("b")
    assert life.aliases == {"current": 3, "previous": 1}
    assert life.said == []


def test_what_somebody_promoted_meanwhile_is_not_taken_from_its_readers(life: Life) -> None:
    life.stored("a")
    mine = life.added("b")
    life.waiting().promote()
    assert not mine.withdraw()
    assert (life.aliases, life.states) == ({"current": 2, "previous": 1}, "EE")
    assert "readers of secret" in life.said[0]


def test_a_version_that_cannot_be_withdrawn_stays_pending_and_is_told(life: Life) -> None:
    life.stored("a")
    life.added("b")
    life.google.answers[":disable"] = (403, {"error": {"status": "PERMISSION_DENIED"}})
    assert not life.waiting().withdraw()
    assert life.aliases == {"current": 1, "pending": 2}
    name = life.key.on_gcp().name
    assert f"gcloud secrets versions disable 2 --secret {name} --project keyplan-sandbox" in life.said[0]


def test_a_promotion_that_is_undone_leaves_the_secret_as_it_was(life: Life) -> None:
    life.stored("a", "b")
    mine = life.added("c")
    mine.promote()
    assert mine.restore() == "2"
    assert (life.aliases, life.states) == ({"current": 2, "previous": 1}, "EED")
    assert life.fates == {"1": STORED, "2": STORED}


def test_what_was_pending_is_pending_again_after_its_promotion_is_undone(life: Life) -> None:
    life.stored("a")
    life.added("b")
    waiting = life.waiting()
    waiting.promote()
    assert waiting.restore() == "1"
    assert (life.aliases, life.states, life.fates) == (
        {"current": 1, "pending": 2},
        "EE",
        {"1": STORED, "2": STORED},
    )


def test_a_pending_version_that_was_switched_off_is_not_promoted(life: Life) -> None:
    life.stored("a")
    life.added("b")
    life.secret.versions[1].state = "DISABLED"
    with pytest.raises(ValueMissing, match="which a rotation stored, is disabled or destroyed"):
        life.waiting().promote()
    assert life.waiting().withdraw()
    assert life.aliases == {"current": 1}


def test_a_first_value_that_waits_is_told_as_that(life: Life) -> None:
    life.added("a")
    state = life.store.state(life.key)
    assert (state.current, life.aliases) == (None, {"pending": 1})
    assert state.trouble is not None
    assert state.trouble.state is State.NO_VALUE
    assert "version 1 of secret" in state.trouble.error.message
    assert state.trouble.error.hint == "keyplan rotate anthropic goes on with it"


def test_going_back_exchanges_the_two(life: Life) -> None:
    life.stored("a", "b")
    assert life.store.go_back(life.key, life.look()) == "1"
    assert life.aliases == {"current": 1, "previous": 2}
    assert life.fates == {"1": SERVED, "2": STORED}
    assert life.store.go_back(life.key, life.look()) == "2"
    assert life.aliases == {"current": 2, "previous": 1}


def test_going_back_switches_the_previous_one_on(life: Life) -> None:
    life.stored("a", "b")
    life.secret.versions[0].state = "DISABLED"
    life.store.go_back(life.key, life.look())
    assert (life.aliases, life.states) == ({"current": 1, "previous": 2}, "EE")


def test_nobody_goes_back_to_what_is_not_there_or_was_destroyed_or_revoked(life: Life) -> None:
    life.stored("a")
    with pytest.raises(ValueMissing, match="no previous version"):
        life.store.go_back(life.key, life.look())
    life.stored("b")
    life.secret.versions[0].destroy(times.now())
    with pytest.raises(ValueMissing, match="no previous version"):
        life.store.go_back(life.key, life.look())
    life.stored("c")
    life.secret.annotations["keyplan-2"] = f"-:-:revoked@{AT}:{OPERATOR}"
    with pytest.raises(ValueRevoked, match="version 2 of secret"):
        life.store.go_back(life.key, life.look())
    assert life.aliases == {"current": 3, "previous": 2}


def test_of_two_who_go_back_at_the_same_time_readers_are_sent_back_once(life: Life) -> None:
    life.stored("a", "b")
    seen = life.look()
    assert [life.store.go_back(life.key, seen), life.store.go_back(life.key, seen)] == ["1", "1"]
    assert life.aliases == {"current": 1, "previous": 2}


def test_who_goes_back_after_somebody_promoted_is_told(life: Life) -> None:
    life.stored("a", "b")
    seen = life.look()
    life.stored("c")
    with pytest.raises(ChangedMeanwhile):
        life.store.go_back(life.key, seen)
    assert life.aliases == {"current": 3, "previous": 2}
