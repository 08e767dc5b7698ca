"""Move time, day by day: age what is stored, then run and evaluate each of the days that passed.

First everything stored becomes older by the whole span. Then, for each day from the oldest to now, the
functions of scheduled rules run with an event of that day, the alarms are evaluated at that moment, and what
they change is acted upon. The mails that result are collected, not sent. Another cloud replays the same days
beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from keyplan.errors import KeyplanError
from sandbox.clock import alarms, events
from sandbox.clock.functions import FunctionRunner, function_name
from sandbox.clock.journal import Change, Replay
from sandbox.clock.mails import Mail
from sandbox.clock.schedules import days_between_runs
from sandbox.server.client import ServerClient, aws_client
from sandbox.server.record import ServerRecord

SECONDS_PER_DAY = 86400


@dataclass(frozen=True)
class Schedule:
    """A function that a scheduled rule starts."""

    rule_arn: str
    rule_name: str
    function_arn: str
    every_days: int
    constant_input: str | None  # the target's own event, instead of the scheduled one


def find_schedules(record: ServerRecord, region: str) -> tuple[list[Schedule], set[str]]:
    """The functions that enabled rules start on a schedule, and in words what cannot be replayed."""
    client = aws_client(record, "events", region)
    found: list[Schedule] = []
    left_out: set[str] = set()
    for page in client.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if not rule.get("ScheduleExpression") or rule.get("State") == "DISABLED":
                continue
            try:
                every_days = days_between_runs(rule["ScheduleExpression"])
            except KeyplanError as error:
                left_out.add(f"{rule['Name']}: {error.message}")
                continue
            for target in client.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                if ":lambda:" in target["Arn"]:
                    found.append(
                        Schedule(rule["Arn"], rule["Name"], target["Arn"], every_days, target.get("Input"))
                    )
    return found, left_out


class OtherCloud(Protocol):
    """A cloud that replays days beside AWS."""

    def begin(self, replay: Replay) -> None:
        """Everything stored is older now; the days follow, the oldest first."""

    def day(self, replay: Replay, number: int, after: datetime, until: datetime) -> None:
        """Replay ]after, until], the day of this number."""

    def end(self, replay: Replay) -> None:
        """That was the last day."""


class Clock:
    """Moves one sandbox's time."""

    def __init__(
        self, record: ServerRecord, region: str, runner: FunctionRunner, other: OtherCloud | None = None
    ) -> None:
        self._server = ServerClient(record)
        self._record = record
        self._region = region
        self._runner = runner
        self._other = other
        self._topics = aws_client(record, "sns", region)
        self._metrics = aws_client(record, "cloudwatch", region)

    def advance(self, seconds: int, on_day: Callable[[int, int], None]) -> Replay:
        """Move time by `seconds`; `on_day` hears of each replayed day's number and how many there are."""
        schedules, left_out = find_schedules(self._record, self._region)
        self._server.ask("mails")  # what was sent before belongs to nobody's replay
        aged = self._server.ask("advance", seconds=seconds)
        now = int(time.time())
        replay = Replay(
            _moment(now - seconds),
            _moment(now),
            gone=aged["gone"],
            expired=aged["expired"],
            left_out=left_out,
        )
        if self._other is not None:
            self._other.begin(replay)
        days = -(-seconds // SECONDS_PER_DAY)
        for number in range(1, days + 1):
            at = now - (days - number) * SECONDS_PER_DAY
            if self._other is not None:
                before = max(_moment(at - SECONDS_PER_DAY), replay.started)
                self._other.day(replay, number, before, _moment(at))
            self._run_schedules(schedules, replay, number, at)
            self._evaluate_alarms(replay, number, at)
            self._collect_mails(replay, number, at)
            on_day(number, days)
        if self._other is not None:
            self._other.end(replay)
        return replay

    def _run_schedules(self, schedules: list[Schedule], replay: Replay, number: int, at: int) -> None:
        import json

        for schedule in schedules:
            if number % schedule.every_days == 0:
                event = json.loads(schedule.constant_input or "null")
                self._run(
                    replay,
                    number,
                    at,
                    schedule.function_arn,
                    event or events.scheduled_event(schedule.rule_arn, at),
                )

    def _run(self, replay: Replay, number: int, at: int, function_arn: str, event: dict[str, Any]) -> None:
        name = function_name(function_arn)
        error = self._runner.run(function_arn, event)
        replay.runs[name] = replay.runs.get(name, 0) + 1
        if error is not None:
            replay.failures.setdefault(name, []).append((number, error))
        self._server.ask(
            "counts",
            region=self._region,
            namespace="AWS/Lambda",
            counts={"Invocations": 1, "Errors": int(error is not None)},
            dimensions={"FunctionName": name},
            at=at,
        )

    def _evaluate_alarms(self, replay: Replay, number: int, at: int) -> None:
        for alarm in self._server.ask("alarms", region=self._region, at=at)["alarms"]:
            try:
                verdict = evaluate(alarm, at)
            except alarms.NotEvaluatedError as error:
                replay.left_out.add(f"{alarm['name']}: {error.message}")
                continue
            if verdict.state != alarm["state"]:
                self._change(replay, number, at, alarm, verdict)

    def _change(
        self, replay: Replay, number: int, at: int, alarm: dict[str, Any], verdict: alarms.Verdict
    ) -> None:
        self._metrics.set_alarm_state(
            AlarmName=alarm["name"], StateValue=verdict.state, StateReason=verdict.reason
        )
        self._server.ask("stamp-alarm", region=self._region, name=alarm["name"], at=at)
        date = _date(at)
        replay.changes.append(
            Change(number, date, alarm["name"], alarm["state"], verdict.state, verdict.reason)
        )
        if not alarm["actions_enabled"]:
            return
        for action in alarm["actions"][verdict.state]:
            self._act(replay, number, at, alarm, verdict, action)

    def _act(
        self,
        replay: Replay,
        number: int,
        at: int,
        alarm: dict[str, Any],
        verdict: alarms.Verdict,
        action: str,
    ) -> None:
        service = action.split(":")[2] if action.count(":") > 2 else ""
        if service == "lambda":
            self._run(
                replay, number, at, action, events.alarm_event(alarm, verdict.state, verdict.reason, at)
            )
        elif service == "sns":
            subject, text = events.alarm_mail(alarm, verdict.state, verdict.reason, at)
            self._topics.publish(TopicArn=action, Subject=subject, Message=text)
        else:
            replay.left_out.add(f"{alarm['name']}: the sandbox performs no {service or 'such'} action")

    def _collect_mails(self, replay: Replay, number: int, at: int) -> None:
        for mail in self._server.ask("mails")["mails"]:
            replay.mails.append(Mail(number, _date(at), mail["to"], mail["subject"], mail["body"]))


def evaluate(alarm: dict[str, Any], at: float) -> alarms.Verdict:
    """The state of an alarm that the server described. Raises NotEvaluatedError for what is left out."""
    if not alarm["is_plain"]:
        raise alarms.NotEvaluatedError("the sandbox evaluates alarms on one metric only")
    settings = alarms.Settings(
        statistic=alarm["statistic"],
        period_seconds=alarm["period_seconds"],
        evaluation_periods=alarm["evaluation_periods"],
        datapoints_to_alarm=alarm["datapoints_to_alarm"],
        threshold=alarm["threshold"],
        comparison=alarm["comparison"],
        treat_missing=alarm["treat_missing"],
    )
    data = [alarms.Datum(**datum) for datum in alarm["data"]]
    return alarms.evaluate(settings, data, at, alarm["state"])


def _date(at: float) -> str:
    return f"{_moment(at):%Y-%m-%d}"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
