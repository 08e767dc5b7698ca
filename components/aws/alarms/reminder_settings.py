"""settings.json of the function that measures how old values are. Pure; functions/aws/value_age.py has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.aws.alarms.reminder_plan import (
    NAMESPACE,
    count_alarm,
    count_metric,
    due_alarm,
    due_at_days,
    overdue_alarm,
    overdue_at_days,
)
from keyplan.catalogue import Catalogue, Key, ReminderMode
from keyplan.names import vendor_key_name
from keyplan.vendors import vendor_named


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
    consumers = catalogue.readers_of(key.name)
    # A key that one consumer reads is named after it; one that several share, after itself.
    named_after = consumers[0].name if len(consumers) == 1 else key.name
    return {
        "name": key.name,
        "metricKey": key.lasting_name,
        "owner": key.owner,
        "recipient": owner_topic,
        "vendor": key.vendor,
        "secret": secret_arn,
        "secretName": key.secret_name,
        "consumers": [f"{consumer.name} ({consumer.runtime.value})" for consumer in consumers],
        "suggestedName": vendor_key_name(catalogue.environment, named_after),
        "createdAt": vendor_named(key.vendor).KEYS_PAGE or "where this vendor's keys are made",
        "rotateEvery": str(key.rotate_every),
        "grace": str(key.grace),
        "dueAtDays": due_at_days(key),
        "overdueAtDays": overdue_at_days(key),
        "dueAlarm": due_alarm(catalogue.environment, key.lasting_name) if per_key else None,
        "overdueAlarm": overdue_alarm(catalogue.environment, key.lasting_name) if per_key else None,
    }
