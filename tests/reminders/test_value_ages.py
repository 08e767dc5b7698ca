"""What a value's age means, and who says it on which day: tables, and rules that hold for all dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.functions.ages import (
    LONG,
    Assessment,
    Problem,
    Reading,
    Rule,
    State,
    assess,
    escalates,
    list_is_daily,
    repeats,
    worst_first,
)

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(name: str = "anthropic", due_at_days: float = 76.0, overdue_at_days: float = 90.0) -> Rule:
    return Rule(
        name=name,
        owner="ml@example.com",
        recipient="arn:aws:sns:eu-west-1:123456789012:ml",
        vendor="anthropic",
        secret=f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/{name}-api-key-AbCdEf",
        secret_name=f"prod/{name}-api-key",
        consumers=("chat-api (ecs)",),
        suggested_name="prod-chat-api-key",
        created_at="https://platform.claude.com/settings/keys",
        rotate_every="90d",
        grace="7d",
        due_at_days=due_at_days,
        overdue_at_days=overdue_at_days,
    )


def value_of_age(days: float) -> Reading:
    return Reading(value_created=NOW - days * DAY, container_created=NOW - 400 * DAY)


@pytest.mark.parametrize(
    ("reading", "state", "waited_days"),
    [
        pytest.param(value_of_age(0), State.FRESH, 0.0, id="put now"),
        pytest.param(value_of_age(75.999), State.FRESH, 0.0, id="just before due"),
        pytest.param(value_of_age(76), State.DUE, 0.0, id="due at the exact moment"),
        pytest.param(value_of_age(89), State.DUE, 13.0, id="last day before overdue"),
        pytest.param(value_of_age(90), State.OVERDUE, 0.0, id="overdue at the exact moment"),
        pytest.param(value_of_age(97.5), State.OVERDUE, 7.5, id="overdue for a week"),
        pytest.param(Reading(None, NOW - 2 * DAY), State.NO_VALUE, 2.0, id="never put"),
        pytest.param(Reading(None, None), State.NO_VALUE, LONG, id="never put, container of unknown date"),
        pytest.param(Reading(problem=Problem.DENIED), State.UNREADABLE, LONG, id="denied"),
        pytest.param(Reading(NOW + DAY, NOW), State.FRESH, 0.0, id="put after the run's nominal time"),
    ],
)
def test_a_state_follows_from_the_age_and_the_rule(
    reading: Reading, state: State, waited_days: float
) -> None:
    found = assess(rule(), reading, NOW)
    assert (found.state, found.waited_days) == (state, pytest.approx(waited_days))


def test_the_due_date_is_the_last_change_plus_the_rule() -> None:
    found = assess(rule(), value_of_age(80), NOW)
    assert (found.last_change, found.due_on) == (NOW - 80 * DAY, NOW + 10 * DAY)


EVERY_DAY_AFTER_THE_FIRST = [1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("reading", "days_mentioned"),
    [
        pytest.param(value_of_age(60), [], id="fresh"),
        pytest.param(value_of_age(76), [7], id="due soon: weekly"),
        pytest.param(value_of_age(90), EVERY_DAY_AFTER_THE_FIRST, id="overdue: daily"),
        pytest.param(Reading(None, NOW), EVERY_DAY_AFTER_THE_FIRST, id="no value: daily"),
        pytest.param(Reading(problem=Problem.MISSING), list(range(10)), id="unreadable: every run"),
    ],
)
def test_the_daily_run_leaves_the_first_day_to_the_alarm_and_repeats_after_it(
    reading: Reading, days_mentioned: list[int]
) -> None:
    assert [day for day in range(10) if repeats(assess(rule(), reading, NOW + day * DAY))] == days_mentioned


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        pytest.param(value_of_age(96.9), False, id="overdue for less than the set time"),
        pytest.param(value_of_age(97), True, id="overdue for the set time"),
        pytest.param(value_of_age(89), False, id="only due soon"),
        pytest.param(Reading(None, NOW - 6 * DAY), False, id="no value, container is young"),
        pytest.param(Reading(None, NOW - 7 * DAY), True, id="no value for the set time"),
        pytest.param(
            Reading(problem=Problem.DENIED), True, id="unreadable: the environment's matter at once"
        ),
    ],
)
def test_the_environments_owner_hears_of_what_waited_too_long(reading: Reading, expected: bool) -> None:
    assert escalates(assess(rule(), reading, NOW), 7.0) is expected


def at(name: str, reading: Reading) -> Assessment:
    return assess(rule(name), reading, NOW)


NEW = at("new", Reading(None, NOW))
OLD = at("old", Reading(None, NOW - 3 * DAY))
DUE_FOR_3_DAYS = at("due", value_of_age(79))
OVERDUE_TODAY = at("today", value_of_age(90))


@pytest.mark.parametrize(
    ("listed", "counted", "daily"),
    [
        pytest.param([NEW], [NEW], False, id="the first key that is counted: the alarm starts and tells"),
        pytest.param([OLD], [OLD], True, id="counted before: the alarm is on and silent, the run repeats"),
        pytest.param([NEW], [NEW, OLD], True, id="joins while the alarm is on: only the run can tell"),
        pytest.param([NEW, OLD], [NEW, OLD], True, id="one recipient has both"),
        pytest.param(
            [DUE_FOR_3_DAYS], [DUE_FOR_3_DAYS], False, id="due soon is not repeated on its third day"
        ),
        pytest.param(
            [OVERDUE_TODAY], [OVERDUE_TODAY], True, id="became overdue: it was counted as due before"
        ),
        pytest.param(
            [DUE_FOR_3_DAYS], [DUE_FOR_3_DAYS, OLD], False, id="another's key repeats, this one's not"
        ),
    ],
)
def test_a_list_comes_from_the_run_or_from_the_alarm(
    listed: list[Assessment], counted: list[Assessment], daily: bool
) -> None:
    assert list_is_daily(listed, counted) is daily


def test_the_worst_comes_first() -> None:
    found = worst_first(
        [DUE_FOR_3_DAYS, NEW, OVERDUE_TODAY, OLD, at("gone", Reading(problem=Problem.MISSING))]
    )
    assert [one.rule.name for one in found] == ["today", "old", "new", "gone", "due"]


DATES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@given(DATES, DATES, st.integers(1, 500), st.integers(0, 500))
def test_a_state_never_improves_by_waiting(
    created: datetime, first: datetime, due_days: int, more_days: int
) -> None:
    limits = rule(due_at_days=float(due_days), overdue_at_days=float(due_days + more_days + 1))
    order = [State.FRESH, State.DUE, State.OVERDUE]
    states = [
        order.index(assess(limits, Reading(created, created), first + day * 30 * DAY).state)
        for day in range(40)
    ]
    assert states == sorted(states)
