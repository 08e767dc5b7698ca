"""The function ENV-keyplan-value-age: measures how old each key's value is, and tells its owner in time.

Two kinds of event reach it. The daily schedule: read the metadata of every secret, publish the metrics that
the alarms watch, repeat what is still open. A CloudWatch alarm that went to ALARM: send the first message.
It reads dates and labels, never a value, and has no permission to read one.

Source of the alarm's event: CloudWatch User Guide, "Invoke a Lambda function from an alarm"; of the limits:
CloudWatch API reference, PutMetricData, 1,000 metrics and 1 MB a request (checked 2026-11-21).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from ..ages import (
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
from .mail import Mail
from .reminder_mail import key_mail, list_mail
from .value_age_settings import Settings

SETTINGS_FILE = Path(__file__).with_name("settings.json")
METRICS_PER_CALL = 1_000
LOGGER = logging.getLogger(__name__)
LOGGER.setLevel(logging.INFO)
_DENIED_CODES = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})


@dataclass(frozen=True)
class Clients:
    """The three services that the function calls."""

    secrets: Any
    metrics: Any
    topics: Any

    @classmethod
    def connect(cls) -> Clients:
        """Clients with bounded waiting; the function's own timeout is the last resort."""
        config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=15)
        return cls(
            secrets=boto3.client("secretsmanager", config=config),
            metrics=boto3.client("cloudwatch", config=config),
            topics=boto3.client("sns", config=config),
        )


class UndeliveredError(RuntimeError):
    """SNS took some of the messages and not all; Lambda runs the event again."""


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Lambda's entry."""
    settings = Settings.from_json(json.loads(SETTINGS_FILE.read_text(encoding="utf-8")))
    return run(event, settings, Clients.connect())


def run(event: Mapping[str, Any], settings: Settings, clients: Clients) -> dict[str, Any]:
    """Do what the event asks for, at the event's own time.

    Returns:
        `run` (daily, alarm or ignored), `keys` and `messages`: how many were looked at and sent.

    Raises:
        ClientError, BotoCoreError: the metrics could not be published; no message was sent yet.
        UndeliveredError: a message could not be sent; the others were.
    """
    now = _time_of(event)
    if event.get("source") != "aws.cloudwatch":
        found = _assess_all(settings.rules.values(), clients, now)
        _publish_metrics(settings, clients, found, now)
        return _finish("daily", found, _daily_mails(settings, found), clients)
    alarm = event.get("alarmData", {})
    name, state = alarm.get("alarmName"), alarm.get("state", {}).get("value")
    if state != "ALARM":
        return _finish("ignored", [], [], clients)
    if name == settings.count_alarm:
        found = _assess_all(settings.rules.values(), clients, now)
        return _finish("alarm", found, _list_mails(settings, found, daily=False), clients)
    if name in settings.key_alarms:
        key, expected = settings.key_alarms[name]
        found = _assess_all([settings.rules[key]], clients, now)
        # Rotated meanwhile, or overdue while the alarm is the one for due soon: another alarm's matter.
        mails = [_key_mails(settings, one) for one in found if one.state is expected and not repeats(one)]
        return _finish("alarm", found, [one for group in mails for one in group], clients)
    return _finish("ignored", [], [], clients)


def _time_of(event: Mapping[str, Any]) -> datetime:
    text = event.get("time")
    return datetime.fromisoformat(text).astimezone(UTC) if text else datetime.now(UTC)


def _assess_all(rules: Iterable[Rule], clients: Clients, now: datetime) -> list[Assessment]:
    return [assess(rule, read_metadata(clients.secrets, rule.secret), now) for rule in rules]


def read_metadata(secrets: Any, secret_arn: str) -> Reading:
    """When the value and its container were made. A secret that cannot be read is a finding, not a failure:
    the other keys are still looked at."""
    try:
        described = secrets.describe_secret(SecretId=secret_arn)
        if described.get("DeletedDate") is not None:
            return Reading(problem=Problem.PENDING_DELETION)
        current = _current_version_date(secrets, secret_arn)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        LOGGER.warning("%s: %s", secret_arn, code)
        return Reading(problem=_problem(code))
    except HTTPClientError as error:  # no connection or no answer; any other failure is the function's own
        LOGGER.warning("%s: %s", secret_arn, type(error).__name__)
        return Reading(problem=Problem.FAILED)
    return Reading(value_created=current, container_created=described.get("CreatedDate"))


def _problem(code: str) -> Problem:
    if code in _DENIED_CODES:
        return Problem.DENIED
    return Problem.MISSING if code == "ResourceNotFoundException" else Problem.FAILED


def _current_version_date(secrets: Any, secret_arn: str) -> datetime | None:
    # Without IncludeDeprecated only labelled versions come, and only those that hold a value. boto3 has no
    # paginator for this call.
    page = secrets.list_secret_version_ids(SecretId=secret_arn)
    while True:
        for version in page["Versions"]:
            if "AWSCURRENT" in version.get("VersionStages", []):
                created: datetime = version["CreatedDate"]
                return created.astimezone(UTC)
        if "NextToken" not in page:
            return None
        page = secrets.list_secret_version_ids(SecretId=secret_arn, NextToken=page["NextToken"])


def _publish_metrics(
    settings: Settings, clients: Clients, found: Sequence[Assessment], now: datetime
) -> None:
    """Counts for the environment and, perKey, one age for each key that has a value."""
    environment = {"Name": "Environment", "Value": settings.environment}
    counted = sum(1 for one in found if _counts(settings)(one))
    data = [
        {
            "MetricName": settings.count_metric,
            "Dimensions": [environment],
            "Timestamp": now,
            "Value": float(counted),
            "Unit": "Count",
        }
    ]
    if settings.per_key:
        data += [
            {
                "MetricName": "ValueAgeDays",
                "Dimensions": [environment, {"Name": "Key", "Value": settings.metric_keys[one.rule.name]}],
                "Timestamp": now,
                "Value": one.age_days,
                "Unit": "None",
            }
            for one in found
            if one.age_days is not None
        ]
    # The count goes last: while it is missing, the alarm on silence knows that the run did not finish.
    data.reverse()
    for start in range(0, len(data), METRICS_PER_CALL):
        batch = data[start : start + METRICS_PER_CALL]
        clients.metrics.put_metric_data(Namespace=settings.namespace, MetricData=batch)


def _counts(settings: Settings) -> Callable[[Assessment], bool]:
    """Which keys the environment's one metric counts."""
    if settings.per_key:
        return lambda found: found.lacks_value
    return lambda found: found.needs_attention


def _daily_mails(settings: Settings, found: Sequence[Assessment]) -> list[Mail]:
    mails = _list_mails(settings, found, daily=True)
    if settings.per_key:
        aged = [one for one in found if one.state in (State.DUE, State.OVERDUE) and repeats(one)]
        for one in worst_first(aged):
            mails += _key_mails(settings, one)
    return mails


def _key_mails(settings: Settings, found: Assessment) -> list[Mail]:
    """To the key's owner, and to the environment's where it has waited too long."""
    owner = found.rule.recipient
    escalated = escalates(found, settings.escalate_after_days) and settings.owner_topic != owner
    topics = [owner, settings.owner_topic] if escalated else [owner]
    also_to = settings.owner if escalated else None
    return [key_mail(topic, settings.environment, found, also_to) for topic in topics]


def _list_mails(settings: Settings, found: Sequence[Assessment], *, daily: bool) -> list[Mail]:
    """One list a recipient: from the daily run those that it repeats, from the alarm all others."""
    counted = [one for one in found if _counts(settings)(one)]
    recipients: dict[str, list[Assessment]] = {}
    for one in worst_first(counted):
        topics = {one.rule.recipient}
        if not settings.per_key or escalates(one, settings.escalate_after_days):
            topics.add(settings.owner_topic)
        for topic in sorted(topics):
            recipients.setdefault(topic, []).append(one)
    return [
        list_mail(topic, settings.environment, listed)
        for topic, listed in recipients.items()
        if list_is_daily(listed, counted) is daily
    ]


def _finish(
    kind: str, found: Sequence[Assessment], mails: Sequence[Mail], clients: Clients
) -> dict[str, Any]:
    failed = 0
    for one in mails:
        try:
            clients.topics.publish(TopicArn=one.topic_arn, Subject=one.subject, Message=one.body)
        except (ClientError, BotoCoreError) as error:
            # One topic that refuses must not keep the others from hearing.
            failed += 1
            LOGGER.error("%s: %s", one.topic_arn, type(error).__name__)
    states = {state.value: sum(1 for one in found if one.state is state) for state in State}
    summary = {"run": kind, "keys": len(found), "messages": len(mails) - failed}
    LOGGER.info(json.dumps({**summary, "states": states}, sort_keys=True))
    if failed:
        raise UndeliveredError(f"{failed} of {len(mails)} messages were not taken by SNS")
    return summary
