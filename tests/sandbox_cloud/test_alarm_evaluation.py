"""An alarm's state follows the tables of the CloudWatch User Guide, and the evaluator's own rules hold."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.clock.alarms import (
    ALARM,
    EXTRA_PERIODS,
    INSUFFICIENT_DATA,
    OK,
    TREATMENTS,
    Datum,
    NotEvaluatedError,
    Settings,
    evaluate,
)

NOW = 1_795_000_000.0
PERIOD = 300
RETAINED = "the state before"
N, R, A = INSUFFICIENT_DATA, RETAINED, ALARM


def _settings(**changes: object) -> Settings:
    defaults: dict[str, object] = {
        "statistic": "Maximum",
        "period_seconds": PERIOD,
        "evaluation_periods": 3,
        "datapoints_to_alarm": 3,
        "threshold": 10.0,
        "comparison": "GreaterThanThreshold",
        "treat_missing": "missing",
    }
    return Settings(**{**defaults, **changes})  # type: ignore[arg-type]


def _datum(periods_ago: float, *values: float, period: int = PERIOD) -> Datum:
    return Datum(NOW - periods_ago * period, len(values), sum(values), min(values), max(values))


def _data(marks: str) -> list[Datum]:
    """`0 - X`: within, missing, breaching; the newest comes last."""
    newest_first = enumerate(reversed(marks.split()))
    return [_datum(ago + 0.5, 99.0 if mark == "X" else 1.0) for ago, mark in newest_first if mark != "-"]


# CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data", both tables: data points, M,
# then the state for missing, ignore, breaching, notBreaching; N is 3 and 5 data points are retrieved.
TABLE = [
    ("0 - X - X", 3, (OK, OK, OK, OK)),
    ("0 - - - -", 3, (OK, OK, OK, OK)),
    ("- - - - -", 3, (N, R, A, OK)),
    ("0 X X - X", 3, (A, A, A, A)),
    ("- - - - X", 3, (N, R, A, OK)),
    ("X - - - -", 3, (A, R, A, OK)),
    ("0 - X - X", 2, (A, A, A, A)),
    ("0 0 X 0 X", 2, (A, A, A, A)),
    ("0 - X - -", 2, (OK, OK, A, OK)),
    ("- - - - 0", 2, (OK, OK, A, OK)),
    ("- - - - X", 2, (N, R, A, OK)),
]
CELLS = [
    (marks, needed, treatment, state)
    for marks, needed, states in TABLE
    for treatment, state in zip(TREATMENTS, states, strict=True)
]


def test_the_treatments_stand_in_the_order_of_the_tables_columns() -> None:
    assert TREATMENTS == ("missing", "ignore", "breaching", "notBreaching")


@pytest.mark.parametrize(("marks", "needed", "treatment", "expected"), CELLS)
def test_missing_data_is_treated_as_the_guides_tables_say(
    marks: str, needed: int, treatment: str, expected: str
) -> None:
    settings = _settings(datapoints_to_alarm=needed, treat_missing=treatment)
    assert evaluate(settings, _data(marks), NOW, RETAINED).state == expected


@pytest.mark.parametrize(("marks", "expected"), [("- - X - -", ALARM), ("- - - X -", INSUFFICIENT_DATA)])
def test_a_lone_breach_counts_once_it_is_as_old_as_what_is_needed(marks: str, expected: str) -> None:
    # AWS Knowledge Center, "Why did my CloudWatch alarm send me a notification after a single breached data
    # point?" (checked 2026-11-21).
    assert evaluate(_settings(), _data(marks), NOW, OK).state == expected


@pytest.mark.parametrize(
    ("comparison", "compare"),
    [
        ("GreaterThanThreshold", operator.gt),
        ("GreaterThanOrEqualToThreshold", operator.ge),
        ("LessThanThreshold", operator.lt),
        ("LessThanOrEqualToThreshold", operator.le),
    ],
)
@pytest.mark.parametrize("value", [9.0, 10.0, 11.0])
def test_each_comparison_decides_below_at_and_above_the_threshold(
    comparison: str, compare: Callable[[float, float], bool], value: float
) -> None:
    settings = _settings(comparison=comparison, evaluation_periods=1, datapoints_to_alarm=1)
    expected = ALARM if compare(value, 10.0) else OK
    assert evaluate(settings, [_datum(0, value)], NOW, OK).state == expected


@pytest.mark.parametrize(
    ("statistic", "breaching_above"),
    [("Average", 4.9), ("Sum", 14.9), ("Minimum", 0.9), ("Maximum", 9.9), ("SampleCount", 2.9)],
)
def test_each_statistic_is_of_the_whole_period(statistic: str, breaching_above: float) -> None:
    data = [_datum(0.2, 1.0, 4.0), _datum(0.7, 10.0)]
    one = {"evaluation_periods": 1, "datapoints_to_alarm": 1, "statistic": statistic}
    assert evaluate(_settings(threshold=breaching_above, **one), data, NOW, OK).state == ALARM
    assert evaluate(_settings(threshold=breaching_above + 0.2, **one), data, NOW, OK).state == OK


def test_a_datum_at_the_moment_itself_counts_and_one_after_it_does_not() -> None:
    settings = _settings(evaluation_periods=1, datapoints_to_alarm=1, treat_missing="notBreaching")
    assert evaluate(settings, [_datum(0, 99.0)], NOW, OK).state == ALARM
    assert evaluate(settings, [_datum(-0.01, 99.0)], NOW, OK).state == OK


def test_data_of_daily_runs_fall_into_one_period_each() -> None:
    day = 86400
    settings = _settings(period_seconds=day, evaluation_periods=1, datapoints_to_alarm=1)
    data = [_datum(1, 99.0, period=day), _datum(0, 1.0, period=day)]
    assert evaluate(settings, data, NOW, ALARM).state == OK


@pytest.mark.parametrize(
    "changes",
    [
        {"statistic": "p99"},
        {"comparison": "LessThanLowerOrGreaterThanUpperThreshold"},
        {"treat_missing": "sometimes"},
        {"period_seconds": 0},
        {"datapoints_to_alarm": 4},
    ],
)
def test_what_is_not_evaluated_is_refused_by_name(changes: dict[str, object]) -> None:
    with pytest.raises(NotEvaluatedError, match="does not evaluate"):
        evaluate(_settings(**changes), [], NOW, OK)


def test_the_reason_names_the_data_and_the_threshold() -> None:
    settings = _settings(evaluation_periods=1, datapoints_to_alarm=1)
    assert evaluate(settings, [_datum(0, 99.5)], NOW, OK).reason == ("99.5 is greater than the threshold 10")
    assert evaluate(settings, [_datum(0, 3.0)], NOW, OK).reason == "3 is not greater than the threshold 10"
    assert evaluate(settings, [], NOW, OK).reason == "no data in the last 1 periods; treated as missing"


amounts = st.integers(1, 6)
marks_of_any_length = st.lists(st.sampled_from(["0", "-", "X"]), min_size=1, max_size=12)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Settings, list[str]]:
    periods = draw(amounts)
    settings = _settings(
        evaluation_periods=periods,
        datapoints_to_alarm=draw(st.integers(1, periods)),
        treat_missing=draw(st.sampled_from(TREATMENTS)),
    )
    return settings, draw(marks_of_any_length)


@given(_cases())
def test_a_breaching_point_instead_of_a_good_one_never_ends_an_alarm(
    case: tuple[Settings, list[str]],
) -> None:
    settings, marks = case
    worse = " ".join("X" if mark == "0" else mark for mark in marks)
    if evaluate(settings, _data(" ".join(marks)), NOW, OK).state == ALARM:
        assert evaluate(settings, _data(worse), NOW, OK).state == ALARM


@given(_cases())
def test_what_lies_before_the_evaluation_range_changes_nothing(case: tuple[Settings, list[str]]) -> None:
    settings, marks = case
    seen = marks[-(settings.evaluation_periods + EXTRA_PERIODS) :]
    whole, part = _data(" ".join(marks)), _data(" ".join(seen))
    assert evaluate(settings, whole, NOW, OK) == evaluate(settings, part, NOW, OK)


@given(_cases(), st.sampled_from([OK, ALARM, INSUFFICIENT_DATA]))
def test_only_ignored_missing_data_keeps_the_state(case: tuple[Settings, list[str]], before: str) -> None:
    settings, marks = case
    states = {evaluate(settings, _data(" ".join(marks)), NOW, other).state for other in (OK, ALARM, before)}
    assert len(states) == 1 or settings.treat_missing == "ignore"


@given(_cases())
def test_without_missing_data_the_treatment_does_not_matter(case: tuple[Settings, list[str]]) -> None:
    settings, marks = case
    full = " ".join("0" if mark == "-" else mark for mark in marks * 8)
    states = {
        evaluate(Settings(**{**vars(settings), "treat_missing": treatment}), _data(full), NOW, RETAINED).state
        for treatment in TREATMENTS
    }
    assert len(states) == 1
