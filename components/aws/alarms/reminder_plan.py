"""The alarms of an environment as plain settings, before any of them is a resource. Pure.

Owns names, thresholds, what missing data means, and the description that a person reads in the console or in
the mail that CloudWatch writes itself. What a run of the function publishes is in functions/aws/value_age.py.

Sources: CloudWatch API reference, PutMetricAlarm (names up to 255 characters, descriptions up to 1,024,
Period x EvaluationPeriods up to 7 days); CloudWatch User Guide, "Configuring how CloudWatch alarms treat
missing data" and "Alarm warm-up periods" (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from components.reminder_entries import due_at_days, overdue_at_days
from keyplan.catalogue import Catalogue, Key, ReminderMode

NAMESPACE = "keyplan"
AGE_METRIC = "ValueAgeDays"
WITHOUT_VALUE_METRIC = "KeysWithoutValue"
ATTENTION_METRIC = "KeysNeedingAttention"
DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
SILENT_DAYS = 2  # one missed run may be a bad day of the cloud; two are a reminder that does not run
DESCRIPTION_MAX = 1_024
RUN_AT = "06:00 UTC"
SCHEDULE = "cron(0 6 * * ? *)"  # every day at that time


class Action(Enum):
    """Who is called when an alarm goes to ALARM."""

    FUNCTION = "function"  # it words the message and sends it to the right owners
    OWNER = "owner"  # the environment's owner's topic itself: for what the function cannot say of itself


@dataclass(frozen=True)
class AlarmPlan:
    """One CloudWatch alarm; the field names are those of PutMetricAlarm, in our words."""

    name: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    comparison: str
    threshold: float
    periods: int
    period_seconds: int
    missing_data: str
    description: str
    action: Action
    owner: str  # for the tags
    vendor: str | None = None
    warm_up_minutes: int | None = None


def due_alarm(environment: str, key: str) -> str:
    """The alarm that a key's value has to be replaced soon: `prod-keyplan/anthropic/rotation-due`.

    A slash is in no environment's and no key's name: key `eu-x` of `prod` and key `x` of `prod-eu` are told
    apart. CloudWatch overwrites an alarm of the same name without a word.
    """
    return f"{environment}-keyplan/{key}/rotation-due"


def overdue_alarm(environment: str, key: str) -> str:
    """The alarm that a key's value is too old: `prod-keyplan/anthropic/rotation-overdue`."""
    return f"{environment}-keyplan/{key}/rotation-overdue"


def count_alarm(environment: str, mode: ReminderMode) -> str:
    """The alarm on the environment's count of keys."""
    if mode is ReminderMode.PER_KEY:
        return f"{environment}-keys-without-value"
    return f"{environment}-keys-need-attention"


def count_metric(mode: ReminderMode) -> str:
    """The metric that is published on every run, whatever it finds."""
    return WITHOUT_VALUE_METRIC if mode is ReminderMode.PER_KEY else ATTENTION_METRIC


def reminder_alarms(catalogue: Catalogue, function_name: str) -> list[AlarmPlan]:
    """Every alarm of the reminder, but the one on the function's errors: in the catalogue's order."""
    alarms = [_count(catalogue), _silent(catalogue, function_name)]
    if catalogue.reminders is ReminderMode.PER_KEY:
        for key in catalogue.keys.values():
            alarms += [_due(catalogue, key), _overdue(catalogue, key)]
    return alarms


def failing_alarm(
    name: str, function_name: str, owner: str, period_seconds: int, description: str
) -> AlarmPlan:
    """An alarm on the errors of a function. No data is no error: the metric exists only after a call."""
    return AlarmPlan(
        name=name,
        namespace="AWS/Lambda",
        metric="Errors",
        dimensions={"FunctionName": function_name},
        statistic="Sum",
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1.0,
        periods=1,
        period_seconds=period_seconds,
        missing_data="notBreaching",
        description=description[:DESCRIPTION_MAX],
        action=Action.OWNER,
        owner=owner,
    )


def run_command(function_name: str) -> str:
    """The command that runs the reminder now, as if its day had come."""
    return f"aws lambda invoke --function-name {function_name} /dev/stdout"


def log_command(function_name: str) -> str:
    """The command that shows what a function said lately."""
    return f"aws logs tail /aws/lambda/{function_name} --since 3d"


def _due(catalogue: Catalogue, key: Key) -> AlarmPlan:
    text = (
        f"The key {key.name} in {catalogue.environment} has to be rotated within {key.remind_before} "
        f"(rule: every {key.rotate_every}; owner: {key.owner}). Create a new key at the vendor, then: "
        f"keyplan rotate {key.name}. The owner is told when this alarm starts and every week; "
        "a rotation before the date ends it."
    )
    return _age(catalogue, key, due_alarm(catalogue.environment, key.lasting_name), due_at_days(key), text)


def _overdue(catalogue: Catalogue, key: Key) -> AlarmPlan:
    text = (
        f"The value of the key {key.name} in {catalogue.environment} is older than {key.rotate_every} "
        f"(owner: {key.owner}). Create a new key at the vendor, then: keyplan rotate {key.name}. "
        f"The owner is told every day; after {catalogue.escalate_after} so is {catalogue.owner}."
    )
    return _age(
        catalogue, key, overdue_alarm(catalogue.environment, key.lasting_name), overdue_at_days(key), text
    )


def _age(catalogue: Catalogue, key: Key, name: str, threshold: float, description: str) -> AlarmPlan:
    return AlarmPlan(
        name=name,
        namespace=NAMESPACE,
        metric=AGE_METRIC,
        dimensions={"Environment": catalogue.environment, "Key": key.lasting_name},
        # The lowest age of the day: a rotation, and a run after it, ends the alarm at once.
        statistic="Minimum",
        comparison="GreaterThanOrEqualToThreshold",
        threshold=threshold,
        periods=1,
        period_seconds=DAY_SECONDS,
        # No age means no value or no run, and each has an alarm of its own. `breaching` would set off every
        # key's alarms when one run is missed; `missing` would forget that a key is overdue, and tell it anew
        # when the next age comes. `ignore` keeps the state: neither a storm nor a silent OK.
        missing_data="ignore",
        description=description[:DESCRIPTION_MAX],
        action=Action.FUNCTION,
        owner=key.owner,
        vendor=key.vendor,
    )


def _count(catalogue: Catalogue) -> AlarmPlan:
    environment = catalogue.environment
    if catalogue.reminders is ReminderMode.PER_KEY:
        what = "have no value, or a secret that cannot be looked at"
    else:
        what = "are due soon, overdue, without a value, or have a secret that cannot be looked at"
    return AlarmPlan(
        name=count_alarm(environment, catalogue.reminders),
        namespace=NAMESPACE,
        metric=count_metric(catalogue.reminders),
        dimensions={"Environment": environment},
        statistic="Minimum",
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1.0,
        periods=1,
        period_seconds=DAY_SECONDS,
        missing_data="ignore",  # as for a key's age; a run that does not happen is the silent alarm's matter
        description=(
            f"Keys of {environment} {what}. Which ones: keyplan status. What ends it: keyplan rotate KEY, "
            "and keyplan put KEY where there is no value yet. "
            f"Owners are told by mail; the keys are counted every day at {RUN_AT}."
        ),
        action=Action.FUNCTION,
        owner=catalogue.owner,
    )


def _silent(catalogue: Catalogue, function_name: str) -> AlarmPlan:
    environment = catalogue.environment
    return AlarmPlan(
        name=f"{environment}-reminder-silent",
        namespace=NAMESPACE,
        metric=count_metric(catalogue.reminders),
        dimensions={"Environment": environment},
        statistic="SampleCount",
        comparison="LessThanThreshold",
        threshold=1.0,
        periods=SILENT_DAYS,
        period_seconds=DAY_SECONDS,
        missing_data="breaching",  # no data is the very thing that this alarm is about
        description=(
            f"The rotation reminder of {environment} has not run for {SILENT_DAYS} days, so nobody is told "
            f"when a key is overdue. Run it: {run_command(function_name)}. See why it stopped: "
            f"{log_command(function_name)}. Put the schedule back: pulumi up. Meanwhile: keyplan status."
        ),
        action=Action.OWNER,
        owner=catalogue.owner,
        # A new alarm waits for the first run instead of calling its absence a silence, and still goes off
        # when there never is one.
        warm_up_minutes=SILENT_DAYS * 24 * 60,
    )
