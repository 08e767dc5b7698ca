"""What the alarms look at: moto's alarms, each with the stored data of the time that matters to it.

CloudWatch evaluates alarms by itself and moto does not; the evaluation is `sandbox.clock.alarms`, in another
process, which gets everything it needs with one request a day instead of several for every alarm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.clock.alarms import EXTRA_PERIODS

Series = tuple[str, str, frozenset[tuple[str, str]]]


def alarms_with_data(region: str, at: float) -> list[dict[str, Any]]:
    """Every alarm of a region, with the data up to `at` (epoch seconds) that its evaluation may use."""
    backend = _cloudwatch(region)
    if backend is None:
        return []
    stored = _by_series(backend.metric_data, at)
    return [_describe(alarm, stored, at) for alarm in list(backend.alarms.values())]


def stamp_alarm(region: str, name: str, at: float) -> dict[str, Any]:
    """Date an alarm's last change of state: SetAlarmState always dates it now."""
    _cloudwatch(region).alarms[name].state_updated_timestamp = datetime.fromtimestamp(at, UTC).replace(
        tzinfo=None
    )
    return {}


def store_counts(given: dict[str, Any]) -> dict[str, Any]:
    """Store counts in a namespace that is AWS's own, as AWS/Lambda: PutMetricData refuses those."""
    from moto.cloudwatch.models import MetricDatum

    dimensions = [{"Name": name, "Value": value} for name, value in given["dimensions"].items()]
    moment = datetime.fromtimestamp(float(given["at"]), UTC)
    stored = _cloudwatch(given["region"], create=True).metric_data
    for name, count in given["counts"].items():
        stored.append(MetricDatum(given["namespace"], name, float(count), dimensions, moment, "Count"))
    return {}


def _cloudwatch(region: str, create: bool = False) -> Any:
    from moto.cloudwatch.models import cloudwatch_backends
    from moto.core.models import DEFAULT_ACCOUNT_ID

    backends = cloudwatch_backends[DEFAULT_ACCOUNT_ID]
    return backends[region] if create or region in backends else None


def _by_series(data: Iterable[Any], at: float) -> dict[Series, list[tuple[float, Any]]]:
    found: dict[Series, list[tuple[float, Any]]] = defaultdict(list)
    for datum in list(data):
        moment = _epoch(datum.timestamp)
        if moment <= at:
            found[datum.namespace, datum.name, _pairs(datum.dimensions)].append((moment, datum))
    return found


def _pairs(dimensions: Iterable[Any]) -> frozenset[tuple[str, str]]:
    return frozenset((dimension.name, dimension.value) for dimension in dimensions)


def _epoch(moment: datetime) -> float:
    # moto keeps its own times naive, in UTC, and those that a caller gave as they were parsed.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _describe(alarm: Any, stored: dict[Series, list[tuple[float, Any]]], at: float) -> dict[str, Any]:
    series = stored.get((alarm.namespace, alarm.metric_name, _pairs(alarm.dimensions)), [])
    period = int(alarm.period or 0)
    oldest = at - period * (int(alarm.evaluation_periods or 0) + EXTRA_PERIODS)
    return {
        "name": alarm.name,
        "arn": alarm.alarm_arn,
        "description": alarm.description or "",
        "state": alarm.state_value,
        "state_reason": alarm.state_reason,
        "state_changed": _epoch(alarm.state_updated_timestamp),
        "actions_enabled": str(alarm.actions_enabled).lower() != "false",
        "actions": {
            "ALARM": list(alarm.alarm_actions or []),
            "OK": list(alarm.ok_actions or []),
            "INSUFFICIENT_DATA": list(alarm.insufficient_data_actions or []),
        },
        "metric": {
            "namespace": alarm.namespace,
            "name": alarm.metric_name,
            "dimensions": {dimension.name: dimension.value for dimension in alarm.dimensions},
        },
        "statistic": alarm.statistic or alarm.extended_statistic,
        "period_seconds": period,
        "evaluation_periods": int(alarm.evaluation_periods or 0),
        "datapoints_to_alarm": int(alarm.datapoints_to_alarm or alarm.evaluation_periods or 0),
        "threshold": float(alarm.threshold or 0),
        "comparison": alarm.comparison_operator,
        "treat_missing": alarm.treat_missing_data or "missing",
        "is_plain": not alarm.metric_data_queries and not alarm.rule and bool(alarm.metric_name),
        "data": [
            _datum(moment, datum) for moment, datum in series if oldest < moment and _unit_fits(alarm, datum)
        ],
    }


def _unit_fits(alarm: Any, datum: Any) -> bool:
    return not alarm.unit or alarm.unit == datum.unit


def _datum(moment: float, datum: Any) -> dict[str, float]:
    if hasattr(datum, "value"):
        value = float(datum.value)
        return {"at": moment, "count": 1, "sum": value, "minimum": value, "maximum": value}
    return {
        "at": moment,
        "count": datum.sample_count,
        "sum": datum.sum,
        "minimum": datum.min,
        "maximum": datum.max,
    }
