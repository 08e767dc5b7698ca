"""The alert policies of one project while time moves: they hear each log entry, and notice silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.clock.gcp.absence import CLOSED, OPENED, Absence, LogMetric, read_absence, read_metric
from sandbox.clock.gcp.client import GoogleClient
from sandbox.clock.gcp.policies import LogMatch, Matcher, NotEvaluatedError, Record, read_log_match
from sandbox.clock.mails import Mail
from sandbox.gcp_server import times

INCIDENT, NO_INCIDENT = "an incident", "no incident"


@dataclass(frozen=True)
class Turn:
    """A policy on silence that opened or closed its incident."""

    at: datetime
    policy: str
    opened: bool
    reason: str


@dataclass
class Alerts:
    """What the policies of a project are waiting for."""

    matcher: Matcher
    absences: list[Absence]
    metrics: list[LogMetric]
    left_out: set[str] = field(default_factory=set)  # policies that are not evaluated, in words

    def hear(self, day: int, entry: Record) -> tuple[list[Mail], list[Turn]]:
        """What follows from an entry; entries come in the order of their time."""
        at = times.moment(entry["timestamp"])
        mails, turns = self.matcher.mails(day, entry), []
        for metric in self.metrics:
            if not metric.counts(entry):
                continue
            series = metric.series(entry)
            for absence in self.absences:
                if absence.watches(series):
                    absence.last = at
                    if absence.is_open:
                        absence.is_open = False
                        turns.append(Turn(at, absence.words.policy, False, "there is data again"))
                        mails += absence.words.mails(day, at, {}) if CLOSED in absence.prompts else []
        return mails, turns

    def wait(self, day: int, until: datetime) -> tuple[list[Mail], list[Turn]]:
        """What follows from nothing more being heard by then."""
        mails: list[Mail] = []
        turns: list[Turn] = []
        for absence in self.absences:
            at = absence.opens_at(until)
            if at is not None:
                absence.is_open = True
                turns.append(Turn(at, absence.words.policy, True, absence.reason))
                mails += absence.words.mails(day, at, {}) if OPENED in absence.prompts else []
        return mails, turns

    def notes(self, now: datetime) -> dict[str, Any]:
        """What to remember until time moves again."""
        return {absence.name: absence.note(now) for absence in self.absences}

    def remember(self, notes: dict[str, Any], now: datetime) -> None:
        """Go on from what was remembered. A policy that is new or was made anew has heard nothing yet."""
        for absence in self.absences:
            if absence.name in notes:
                absence.remember(notes[absence.name], now)


def read_alerts(client: GoogleClient, project: str) -> Alerts:
    """The enabled policies of a project, its channels and its log-based metrics."""
    listed = list(client.list_all(f"/v3/projects/{project}/notificationChannels", "notificationChannels"))
    channels = {channel["name"]: channel for channel in listed}
    policies = client.list_all(f"/v3/projects/{project}/alertPolicies", "alertPolicies")
    left_out: set[str] = set()
    matches: list[LogMatch] = []
    absences: list[Absence] = []
    for policy in policies:
        if not policy.get("enabled", True):
            continue
        try:
            kinds = _kinds(policy)
            if kinds == ["conditionMatchedLog"]:
                matches.append(read_log_match(policy, channels))
            elif kinds == ["conditionAbsent"]:
                absences.append(read_absence(policy, channels))
            else:
                title = policy["displayName"]
                left_out.add(f"{title}: the sandbox does not evaluate {' with '.join(kinds)}")
        except NotEvaluatedError as error:
            left_out.add(error.message)
    found = client.list_all(f"/v2/projects/{project}/metrics", "metrics")
    return Alerts(Matcher(matches), absences, list(_metrics(found, left_out)), left_out)


def _kinds(policy: Record) -> list[str]:
    return [name for one in policy["conditions"] for name in one if name.startswith("condition")]


def _metrics(found: Iterable[dict[str, Any]], left_out: set[str]) -> Iterable[LogMetric]:
    for metric in found:
        if metric.get("disabled"):
            continue
        try:
            yield read_metric(metric)
        except NotEvaluatedError as error:
            left_out.add(error.message)
