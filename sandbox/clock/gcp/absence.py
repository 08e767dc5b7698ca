"""Whether a metric-absence policy speaks: how long its series have been silent. Pure.

Only log-based metrics have data here. A silence begins with the newest data; without any, there is none.
Source: Cloud Monitoring, "Create metric-absence alerting policies": at least one measurement after the policy
was installed (checked 2026-11-21). Left out: alignment, which delays the notice by an hour at most, and
policies that look at several series apart from each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock.gcp.policies import NotEvaluatedError, Record, Words, read_filter, read_words
from sandbox.gcp_server import times
from sandbox.gcp_server.filters import Test

# Source: AlertStrategy.notificationPrompts; both where it is empty.
OPENED, CLOSED = "OPENED", "CLOSED"


@dataclass(frozen=True)
class LogMetric:
    """A log-based metric: which entries are its data."""

    type: str
    counts: Test

    def series(self, entry: Record) -> dict[str, Any]:
        """The time series that an entry belongs to, as filters see it."""
        return {"metric": {"type": self.type}, "resource": entry["resource"]}


@dataclass
class Absence:
    """A metric-absence policy, since when it has heard nothing, and whether it has said so."""

    name: str
    watches: Test
    silent: timedelta
    prompts: tuple[str, ...]
    words: Words
    last: datetime | None = None
    is_open: bool = False

    @property
    def reason(self) -> str:
        """Why it speaks."""
        hours = self.silent / timedelta(hours=1)
        return f"no data for {hours:g} hours"

    def opens_at(self, until: datetime) -> datetime | None:
        """When it speaks, if that is by `until` and it has not spoken yet."""
        if self.last is None or self.is_open or self.last + self.silent > until:
            return None
        return self.last + self.silent

    def note(self, now: datetime) -> dict[str, Any]:
        """What is remembered until time moves again."""
        silent = None if self.last is None else (now - self.last).total_seconds()
        return {"silent_seconds": silent, "is_open": self.is_open}

    def remember(self, note: Mapping[str, Any], now: datetime) -> None:
        """Go on from a note."""
        silent = note["silent_seconds"]
        self.last = None if silent is None else now - timedelta(seconds=silent)
        self.is_open = note["is_open"]


def read_metric(metric: Record) -> LogMetric:
    """A log-based metric, as the API describes it. Raises NotEvaluatedError."""
    kind = f"logging.googleapis.com/user/{metric['name']}"
    return LogMetric(kind, read_filter(metric["name"], metric["filter"]))


def read_absence(policy: Record, channels: Mapping[str, Record]) -> Absence:
    """A policy with one metric-absence condition, as the API describes it. Raises NotEvaluatedError."""
    title, (condition,) = policy["displayName"], policy["conditions"]
    absent = condition["conditionAbsent"]
    aggregations = absent.get("aggregations") or []
    if not any(one.get("crossSeriesReducer") and not one.get("groupByFields") for one in aggregations):
        raise NotEvaluatedError(f"{title}: the sandbox evaluates the absence of all series together only")
    strategy = policy.get("alertStrategy") or {}
    return Absence(
        name=policy["name"],
        watches=read_filter(title, absent["filter"]),
        silent=times.duration(absent["duration"]),
        prompts=tuple(strategy.get("notificationPrompts") or (OPENED, CLOSED)),
        words=read_words(policy, channels, []),
    )
