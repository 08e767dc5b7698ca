"""How old a value is and when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from keyplan.age import State, age_of, in_words
from keyplan.durations import Duration

STORED = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
EVERY, BEFORE = Duration.parse("90d"), Duration.parse("14d")


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (timedelta(0), State.OK),
        (timedelta(days=76) - timedelta(seconds=1), State.OK),
        (timedelta(days=76), State.DUE_SOON),
        (timedelta(days=90) - timedelta(seconds=1), State.DUE_SOON),
        (timedelta(days=90), State.OVERDUE),
        (timedelta(days=400), State.OVERDUE),
    ],
)
def test_the_state_changes_at_the_moment_that_the_catalogue_says(after: timedelta, state: State) -> None:
    age = age_of(STORED, STORED + after, EVERY, BEFORE)
    assert (age.state, age.due, age.age) == (state, STORED + timedelta(days=90), after)


def test_a_store_whose_clock_is_ahead_gives_no_negative_age() -> None:
    assert age_of(STORED, STORED - timedelta(minutes=5), EVERY, BEFORE).age == timedelta(0)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "0m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(hours=1), "1h"),
        (timedelta(hours=23, minutes=59), "23h"),
        (timedelta(days=1), "1d"),
        (timedelta(days=91, hours=3), "91d"),
    ],
)
def test_a_length_is_told_in_its_largest_unit(length: timedelta, words: str) -> None:
    assert in_words(length) == words


def test_every_state_is_a_finding_or_unread_or_fine_and_never_two_of_them() -> None:
    findings = {state for state in State if state.is_finding}
    unread = {state for state in State if state.is_not_read}
    assert findings == {
        State.OVERDUE,
        State.DIFFERS,
        State.NO_VALUE,
        State.DISABLED,
        State.DESTROYED,
        State.REVOKED,
        State.MISSING,
        State.PENDING_DELETION,
    }
    assert unread == {State.DENIED, State.UNKNOWN}
