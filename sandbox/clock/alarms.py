"""Whether a CloudWatch alarm is in ALARM, OK or INSUFFICIENT_DATA: a pure function of settings and data.

moto stores alarms and never evaluates them. This follows Amazon CloudWatch User Guide, "Alarm evaluation"
and "Configuring how CloudWatch alarms treat missing data" (checked 2026-11-21), for alarms on one metric
and one of the five plain statistics; metric math, percentiles, anomaly bands and composite alarms are
refused by name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keyplan.errors import KeyplanError

# CloudWatch looks back further than EvaluationPeriods when data is missing, "depending on the period"; the
# guide's examples retrieve 5 data points for 3 evaluation periods.
EXTRA_PERIODS = 2
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"


class NotEvaluatedError(KeyplanError):
    """The alarm uses something that the sandbox does not evaluate; the message names it."""


@dataclass(frozen=True)
class Settings:
    """What decides an alarm's state."""

    statistic: str
    period_seconds: int
    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: str
    treat_missing: str


@dataclass(frozen=True)
class Datum:
    """Stored data of one moment: one value, or the summary of several."""

    at: float  # epoch seconds
    count: float
    sum: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Verdict:
    """An alarm's state and why."""

    state: str
    reason: str


def evaluate(settings: Settings, data: Sequence[Datum], at: float, current_state: str) -> Verdict:
    """The state of an alarm at `at` (epoch seconds). `current_state` is kept where missing data is ignored.

    Periods slide: the newest ends at `at` and contains it. Raises NotEvaluatedError for what is left out.
    """
    _check(settings)
    points = _points(settings, data, at)
    breaches = COMPARISONS[settings.comparison][0]
    marks = [None if point is None else breaches(point, settings.threshold) for point in points]
    present = [mark for mark in marks if mark is not None]
    if len(present) >= settings.evaluation_periods:
        recent = present[-settings.evaluation_periods :]
        state = ALARM if sum(recent) >= settings.datapoints_to_alarm else OK
    else:
        state = _with_missing(settings, marks, present, current_state)
    return Verdict(state, _reason(settings, points, state))


def _check(settings: Settings) -> None:
    for name, given, known in (
        ("statistic", settings.statistic, STATISTICS),
        ("comparison", settings.comparison, COMPARISONS),
        ("treatment of missing data", settings.treat_missing, TREATMENTS),
    ):
        if given not in known:
            raise NotEvaluatedError(f"the sandbox does not evaluate the {name} {given}")
    if settings.period_seconds < 1 or not 1 <= settings.datapoints_to_alarm <= settings.evaluation_periods:
        raise NotEvaluatedError("the sandbox does not evaluate an alarm without periods")


def _points(settings: Settings, data: Sequence[Datum], at: float) -> list[float | None]:
    """The statistic of each period of the evaluation range, oldest first; None where there is no data."""
    amount = settings.evaluation_periods + EXTRA_PERIODS
    periods: list[list[Datum]] = [[] for _ in range(amount)]
    for datum in data:
        age_periods = int((at - datum.at) // settings.period_seconds)
        if datum.at <= at and age_periods < amount:
            periods[amount - 1 - age_periods].append(datum)
    return [_statistic(settings.statistic, period) if period else None for period in periods]


def _statistic(name: str, data: Sequence[Datum]) -> float:
    if name == "Minimum":
        return min(datum.minimum for datum in data)
    if name == "Maximum":
        return max(datum.maximum for datum in data)
    total, count = sum(datum.sum for datum in data), sum(datum.count for datum in data)
    return {"Sum": total, "SampleCount": count, "Average": total / count if count else 0.0}[name]


def _with_missing(
    settings: Settings, marks: Sequence[bool | None], present: Sequence[bool], current_state: str
) -> str:
    breaching = sum(present)
    if settings.treat_missing == "breaching":
        breaching += settings.evaluation_periods - len(present)
    if breaching >= settings.datapoints_to_alarm:
        return ALARM
    if settings.treat_missing in ("breaching", "notBreaching") or not all(present):
        return OK
    # What exists is breaching, and less than what is needed.
    if settings.treat_missing == "ignore":
        return current_state
    # An old breach with nothing after it still counts; a new one alone does not: see the guide, "How to avoid
    # premature transitions to alarm state".
    oldest_age = len(marks) - marks.index(True) if breaching else 0
    return ALARM if breaching and oldest_age >= settings.datapoints_to_alarm else INSUFFICIENT_DATA


def _reason(settings: Settings, points: Sequence[float | None], state: str) -> str:
    present = [point for point in points if point is not None][-settings.evaluation_periods :]
    words = COMPARISONS[settings.comparison][1]
    if not present:
        return (
            f"no data in the last {settings.evaluation_periods} periods; treated as {settings.treat_missing}"
        )
    shown = ", ".join(f"{round(point, 2):g}" for point in present)
    verb = ("is" if len(present) == 1 else "are") + ("" if state == ALARM else " not all")
    if state != ALARM:
        verb = "is not" if len(present) == 1 else "are not enough times"
    return f"{shown} {verb} {words} the threshold {settings.threshold:g}"
