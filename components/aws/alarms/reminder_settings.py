"""settings.json of the function that measures how old values are. Pure; functions/aws/value_age.py has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.aws.alarms.reminder_plan import (
    NAMESPACE,
    count_alarm,
    count_metric,
    due_alarm,
    overdue_alarm,
)
from components.reminder_entries import rule_entry
from keyplan.catalogue import Catalogue, Key, ReminderMode


def reminder_settings(
    catalogue: Catalogue, secret_arns: Mapping[str, str], topic_arns: Mapping[str, str]
) -> dict[str, Any]:
    """The document.

    Args:
        catalogue: the environment.
        secret_arns: key name to the full ARN of its secret.
        topic_arns: address to topic ARN, of every owner.
    """
    return {
        "environment": catalogue.environment,
        "mode": catalogue.reminders.value,
        "owner": catalogue.owner,
        "ownerTopic": topic_arns[catalogue.owner],
        "namespace": NAMESPACE,
        "countMetric": count_metric(catalogue.reminders),
        "countAlarm": count_alarm(catalogue.environment, catalogue.reminders),
        "escalateAfterDays": catalogue.escalate_after.days,
        "keys": [
            _entry(catalogue, key, secret_arns[key.name], topic_arns[key.owner])
            for key in catalogue.keys.values()
        ],
    }


def _entry(catalogue: Catalogue, key: Key, secret_arn: str, owner_topic: str) -> dict[str, Any]:
    per_key = catalogue.reminders is ReminderMode.PER_KEY
    return {
        **rule_entry(catalogue, key, owner_topic, secret_arn, key.secret_name),
        "metricKey": key.lasting_name,
        "dueAlarm": due_alarm(catalogue.environment, key.lasting_name) if per_key else None,
        "overdueAlarm": overdue_alarm(catalogue.environment, key.lasting_name) if per_key else None,
    }
