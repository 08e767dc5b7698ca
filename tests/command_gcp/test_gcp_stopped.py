"""Versions in Google Secret Manager whose command was killed before it had given them an alias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from keyplan.errors import ChangedMeanwhile, KeyplanError
from keyplan.secret_value import SecretValue
from keyplan.stores.base import Deposit, Stage
from keyplan.stores.labels import SERVED, STORED
from tests.command.environments import fake_key
from tests.command_gcp.gcp_lives import AT, Life
from tests.command_gcp.google import OPERATOR


def stopped_after_adding(life: Life, mark: str) -> None:
    """A command that was killed when the version was there, and the alias was not."""
    life.google.before[":addVersion"] = lambda: life.google.dead.append("PATCH")
    with pytest.raises(KeyplanError):
        life.added(mark)
    life.google.dead.clear()


def test_a_version_whose_command_was_killed_before_it_had_an_alias_is_pending(life: Life) -> None:
    life.stored("a")
    stopped_after_adding(life, "b")
    assert life.aliases == {"current": 1}
    for state in (life.store.state(life.key), life.look()):
        waiting = state.at(Stage.PENDING)
        assert waiting is not None
        assert waiting.label is not None
        assert (waiting.version_id, waiting.label.fingerprint, waiting.label.caller) == (
            "2",
            SecretValue(fake_key("b")).fingerprint(),
            OPERATOR,
        )
        assert state.unserved is None
        assert state.note is None
    assert life.waiting().promote() == "2"
    assert life.aliases == {"current": 2, "previous": 1}
    assert life.fates == {"1": STORED, "2": SERVED}
    assert "keyplan-next" not in life.secret.annotations


def test_such_a_version_can_be_withdrawn_and_the_value_given_again(life: Life) -> None:
    life.stored("a")
    stopped_after_adding(life, "b")
    assert life.waiting().withdraw()
    assert (life.aliases, life.states) == ({"current": 1}, "ED")
    assert life.look().at(Stage.PENDING) is None
    assert "keyplan-next" not in life.secret.annotations
    life.stored("b")
    assert life.aliases == {"current": 3, "previous": 1}


def test_such_a_version_is_pending_in_full_after_its_promotion_is_undone(life: Life) -> None:
    life.stored("a")
    stopped_after_adding(life, "b")
    waiting = life.waiting()
    waiting.promote()
    assert waiting.restore() == "1"
    assert (life.aliases, life.states) == ({"current": 1, "pending": 2}, "EE")
    assert life.waiting().promote() == "2"


def test_a_first_value_whose_command_was_killed_waits_too(life: Life) -> None:
    stopped_after_adding(life, "a")
    trouble = life.store.state(life.key).trouble
    assert trouble is not None
    assert "waits to be promoted" in trouble.error.message
    assert life.waiting().promote() == "1"


def test_an_addition_that_got_no_answer_and_was_done_is_gone_on_with(life: Life) -> None:
    life.stored("a")
    life.lose_one(":addVersion")
    with pytest.raises(KeyplanError):
        life.added("b")
    assert life.waiting().promote() == "2"


def test_who_was_taken_for_stopped_and_was_only_slow_is_told(life: Life) -> None:
    life.stored("a")
    slow = life.deposit("b")

    def go_on() -> None:
        life.waiting().promote()

    life.google.before_one(2, "PATCH", go_on)
    with pytest.raises(ChangedMeanwhile):
        slow.add()
    assert not slow.withdraw()
    assert (life.aliases, life.states) == ({"current": 2, "previous": 1}, "EE")


def test_of_two_who_announce_one_after_the_other_the_first_is_told(life: Life) -> None:
    """Neither had added anything when the other one looked."""
    life.stored("a")
    first = life.deposit("b")
    others: list[Deposit] = []
    life.google.before[":addVersion"] = lambda: others.append(life.added("c"))
    with pytest.raises(ChangedMeanwhile):
        first.add()
    assert first.withdraw()
    assert others[0].promote() == "2"
    assert (life.aliases, life.states) == ({"current": 2, "previous": 1}, "EED")
    assert life.look().note is None


def test_who_announced_first_is_told_when_another_announced_since(life: Life) -> None:
    """The other one is on the way to adding its version, and would take this one's place."""
    life.stored("a")

    def announce() -> None:
        life.secret.annotations["keyplan-next"] = f"1@{AT}:-:-:stored:user:somebody@example.com"
        life.secret.etag = '"another"'

    first = life.deposit("b")
    life.google.before_one(2, "PATCH", announce)
    with pytest.raises(ChangedMeanwhile):
        first.add()
    assert first.withdraw()
    assert (life.aliases, life.states) == ({"current": 1}, "ED")
    assert life.secret.annotations["keyplan-next"].endswith("somebody@example.com")


def test_only_one_version_is_ever_on_its_way(life: Life) -> None:
    life.stored("a")
    life.added("b")
    stopped_after_adding(life, "c")
    stages = {version.version_id: version.stage for version in life.look().versions}
    assert stages == {"3": None, "2": Stage.PENDING, "1": Stage.CURRENT}


def test_who_goes_on_with_such_a_version_is_told_when_another_one_began(life: Life) -> None:
    life.stored("a")
    stopped_after_adding(life, "b")
    waiting = life.waiting()
    other = f"1@{AT}:-:-:stored:user:somebody@example.com"
    life.meanwhile("PATCH", lambda: life.secret.annotations.update({"keyplan-next": other}))
    with pytest.raises(ChangedMeanwhile):
        waiting.promote()
    assert life.aliases == {"current": 1}


@pytest.mark.parametrize(("minutes", "is_it"), [(-11, False), (-9, True), (9, True), (11, False)])
def test_an_announcement_is_of_what_came_within_minutes_whosever_clock_is_wrong(
    minutes: int, is_it: bool, life: Life
) -> None:
    life.stored("a")
    stopped_after_adding(life, "b")
    life.secret.versions[1].created += timedelta(minutes=minutes)
    assert (life.look().at(Stage.PENDING) is not None) is is_it


DOUBTS: dict[str, Callable[[Life], object]] = {
    "another version was added as well": lambda life: life.secret.versions.append(
        replace(life.secret.versions[1], number=3)
    ),
    "it was there before": lambda life: life.secret.annotations.update(
        {"keyplan-next": "2" + life.secret.annotations["keyplan-next"][1:]}
    ),
    "it was announced by nobody": lambda life: life.secret.annotations.pop("keyplan-next"),
    "its date is none": lambda life: life.secret.annotations.update(
        {"keyplan-next": "1@20269999T999999Z:-:-:stored:me"}
    ),
    "the announcement is no such one": lambda life: life.secret.annotations.update({"keyplan-next": "b"}),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_version_that_may_be_somebody_elses_is_told_and_never_promoted(doubt: str, life: Life) -> None:
    life.stored("a")
    stopped_after_adding(life, "b")
    DOUBTS[doubt](life)
    for state in (life.store.state(life.key), life.look()):
        assert state.at(Stage.PENDING) is None
        assert life.store.pending(life.key, state) is None
        assert state.unserved is not None
        newest = str(len(life.secret.versions))
        assert (state.unserved.version_id, state.unserved.label) == (newest, None)
        assert state.note is not None
        assert "is served to nobody" in state.note.message
        assert state.trouble is None
    life.stored("c")
    assert life.look().note is None  # they are older than what readers get
