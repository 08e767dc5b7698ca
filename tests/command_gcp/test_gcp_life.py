"""A version's whole life in Google Secret Manager: pending, current, previous, shut; and every step twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from keyplan.age import State
from keyplan.errors import ChangedMeanwhile, KeyplanError, UsageError, ValueMissing, ValueRevoked
from keyplan.manifest import Manifest, ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.stores.base import Deposit, SecretState, Stage
from keyplan.stores.gcp import GcpStore
from keyplan.stores.gcp_read import GcpReader
from keyplan.stores.labels import RETIRED, REVOKED, SERVED, STORED, VersionLabel
from sandbox.gcp_server import times
from tests.command.environments import Environment, fake_key
from tests.command_gcp.google import ADMINISTRATOR, OPERATOR, OPERATOR_PERMISSIONS, READER, Google
from tests.command_gcp.googles_client import read_by

AT = "20261121T181500Z"
HINT = "R2D...igAA"


class Life:
    """One key on a Google Cloud of its own, as an operator who may not read sees it."""

    def __init__(self, environment: Environment, google: Google) -> None:
        self.google = google
        self.manifest = Manifest.from_json(environment.document)
        self.key: ManifestKey = self.manifest.keys["anthropic"]
        self.secret: Any = google.secret(self.key.on_gcp().name)
        self.said: list[str] = []
        google.grant(self.key.on_gcp().name, OPERATOR, *OPERATOR_PERMISSIONS)
        self.store = self.opened(OPERATOR)

    def opened(self, member: str) -> GcpStore:
        environ = {"KEYPLAN_SANDBOX_MEMBER": member}
        return GcpStore(self.manifest, (), 5.0, lambda _line: None, self.said.append, environ)

    def look(self) -> SecretState:
        return self.store.history(self.key)

    def deposit(self, mark: str) -> Deposit:
        value = SecretValue(fake_key(mark))
        label = VersionLabel(value.fingerprint(), OPERATOR, HINT)
        return self.store.deposit(self.key, self.store.state(self.key), value, label)

    def stored(self, *marks: str) -> None:
        for mark in marks:
            deposit = self.deposit(mark)
            deposit.add()
            deposit.promote()

    def added(self, mark: str) -> Deposit:
        deposit = self.deposit(mark)
        deposit.add()
        return deposit

    def waiting(self) -> Deposit:
        deposit = self.store.pending(self.key, self.look())
        assert deposit is not None
        return deposit

    def shut(self, number: str, fate: str, at: str = AT) -> None:
        state = self.look()
        (version,) = [version for version in state.versions if version.version_id == number]
        self.store.shut(self.key, state, version, fate, at)

    @property
    def aliases(self) -> dict[str, int]:
        aliases: dict[str, int] = self.secret.aliases
        return aliases

    @property
    def states(self) -> str:
        """The first letter of each version's state, oldest first."""
        return "".join(version.state[0] for version in self.secret.versions)

    @property
    def fates(self) -> dict[str, str]:
        return {version.version_id: version.label.fate for version in self.look().versions if version.label}

    def lose_one(self, part: str) -> None:
        """Do the next such request, and answer nothing."""
        self.google.lost.append(part)

    def meanwhile(self, part: str, change: Callable[[], None]) -> None:
        """Do something before the next such request, as somebody else would."""

        def others() -> None:
            change()
            self.secret.etag = f'"{id(change):x}"'

        self.google.before[part] = others


@pytest.fixture
def life(on_google: Environment, google: Google) -> Life:
    return Life(on_google, google)


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


STEPS: dict[str, Callable[[Life], object]] = {
    "add": lambda life: life.added("c"),
    "promote": lambda life: life.waiting().promote(),
    "withdraw": lambda life: life.waiting().withdraw(),
    "go back": lambda life: life.store.go_back(life.key, life.look()),
    "retire": lambda life: life.shut("1", RETIRED),
    "revoke": lambda life: life.shut("2", REVOKED),
}


@pytest.mark.parametrize("step", STEPS)
def test_an_update_whose_answer_was_lost_is_found_done(step: str, life: Life) -> None:
    life.stored("a", "b")
    if step in ("promote", "withdraw"):
        life.added("c")
    life.lose_one("PATCH")
    STEPS[step](life)
    assert life.said == []
    expected = {
        "add": ({"current": 2, "previous": 1, "pending": 3}, "EEE"),
        "promote": ({"current": 3, "previous": 2}, "EEE"),
        "withdraw": ({"current": 2, "previous": 1}, "EED"),
        "go back": ({"current": 1, "previous": 2}, "EE"),
        "retire": ({"current": 2}, "DE"),
        "revoke": ({"current": 2, "previous": 1}, "ED"),
    }
    assert (life.aliases, life.states) == expected[step]


@pytest.mark.parametrize("step", STEPS)
def test_what_others_change_of_the_secret_meanwhile_stays(step: str, life: Life) -> None:
    life.stored("a", "b")
    if step in ("promote", "withdraw"):
        life.added("c")

    def relabel() -> None:
        life.secret.annotations["owner"] = "new@example.com"
        life.aliases["blue"] = 1

    life.meanwhile("PATCH", relabel)
    STEPS[step](life)
    assert life.secret.annotations["owner"] == "new@example.com"
    assert life.aliases["blue"] == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_secret_that_changes_all_the_time_is_given_up_and_told(step: str, life: Life) -> None:
    """Whatever the state is by then, readers still get something, and the step can be done again."""
    life.stored("a", "b")
    if step in ("promote", "withdraw"):
        life.added("c")
    error = {"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": "The etag does not match."}}
    life.google.answers["PATCH"] = (400, error)
    before = dict(life.aliases)
    if step == "withdraw":
        assert STEPS[step](life) is False
    else:
        with pytest.raises(ChangedMeanwhile):
            STEPS[step](life)
    assert life.aliases == before
    assert len([line for line in life.google.asked if line.startswith("PATCH")]) >= 3
    life.google.answers.clear()
    STEPS[step](life)


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
