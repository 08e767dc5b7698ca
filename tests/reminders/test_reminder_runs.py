"""The value-age function against a real server: what it publishes, who is told, and on which days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from components.aws.alarms.reminder_plan import Action, AlarmPlan, reminder_alarms
from components.aws.alarms.reminder_settings import reminder_settings
from components.functions.aws.value_age import Clients, UndeliveredError, read_metadata, run
from components.functions.aws.value_age_settings import Settings
from keyplan.catalogue import Catalogue, ReminderMode
from keyplan.durations import Duration
from tests.components.catalogues import catalogue, key
from tests.reminders.conftest import Cloud, Mailbox

DAY = timedelta(days=1)
ML, PLATFORM = "ml@example.com", "platform@example.com"


def days(number: int) -> Duration:
    return Duration.parse(f"{number}d")


def scheduled(at: datetime) -> dict[str, Any]:
    return {"source": "aws.events", "detail-type": "Scheduled Event", "time": f"{at:%Y-%m-%dT%H:%M:%SZ}"}


def alarm_event(name: str, at: datetime, state: str = "ALARM") -> dict[str, Any]:
    """As CloudWatch sends it: milliseconds, and an offset without a colon."""
    time = f"{at:%Y-%m-%dT%H:%M:%S}.490+0000"
    return {
        "source": "aws.cloudwatch",
        "alarmArn": f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}",
        "accountId": "123456789012",
        "time": time,
        "region": "eu-west-1",
        "alarmData": {
            "alarmName": name,
            "state": {"value": state, "reason": "Threshold Crossed", "timestamp": time},
            "previousState": {"value": "OK", "reason": "", "timestamp": time},
            "configuration": {"description": "", "metrics": []},
        },
    }


@dataclass
class World:
    """One environment in the cloud: its secrets, its owners, its alarms as CloudWatch would move them."""

    cloud: Cloud
    mailbox: Mailbox
    catalogue: Catalogue
    settings: Settings = field(init=False)
    clients: Clients = field(init=False)
    states: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        secrets = self.cloud.client("secretsmanager")
        arns = {
            name: secrets.create_secret(Name=each.secret_name)["ARN"]
            for name, each in self.catalogue.keys.items()
        }
        for address in {self.catalogue.owner, *(each.owner for each in self.catalogue.keys.values())}:
            self.mailbox.add(address)
        self.settings = Settings.from_json(reminder_settings(self.catalogue, arns, self.mailbox.arns))
        self.clients = Clients(secrets, self.cloud.client("cloudwatch"), self.cloud.client("sns"))

    def made(self, name: str, at: datetime) -> None:
        """The key's container exists since `at`."""
        self.cloud.date_container(self.catalogue.keys[name].secret_name, at)

    def put(self, name: str, at: datetime) -> None:
        """A value of the key is stored at `at`."""
        secret = self.catalogue.keys[name].secret_name
        self.clients.secrets.put_secret_value(SecretId=secret, SecretString="{}")
        self.cloud.date_current_value(secret, at)

    def run(self, event: dict[str, Any]) -> dict[str, Any]:
        return run(event, self.settings, self.clients)

    def day(self, at: datetime) -> list[tuple[str, str]]:
        """One day: the run, then every alarm that its metrics move, then the mail: address and subject."""
        self.run(scheduled(at))
        for plan in reminder_alarms(self.catalogue, "prod-keyplan-value-age"):
            if plan.action is Action.FUNCTION and self._starts(plan, at):
                self.run(alarm_event(plan.name, at + timedelta(minutes=3)))
        return [(address, subject) for address, subject, _ in self.mailbox.take()]

    def _starts(self, plan: AlarmPlan, at: datetime) -> bool:
        points = self.metric(plan.metric, dict(plan.dimensions), at)
        before = self.states.get(plan.name, "INSUFFICIENT_DATA")
        if points:  # missing data is ignored: the state stays
            self.states[plan.name] = "ALARM" if points[0] >= plan.threshold else "OK"
        return self.states.get(plan.name) == "ALARM" != before

    def metric(self, name: str, dimensions: dict[str, str], at: datetime) -> list[float]:
        answer = self.clients.metrics.get_metric_statistics(
            Namespace="keyplan",
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=at - timedelta(hours=1),
            EndTime=at + timedelta(hours=1),
            Period=86_400,
            Statistics=["Minimum"],
        )
        return [point["Minimum"] for point in answer["Datapoints"]]


@pytest.fixture
def world(cloud: Cloud, mailbox: Mailbox) -> Callable[..., World]:
    def make(made: Catalogue) -> World:
        return World(cloud, mailbox, made)

    return make


def two_keys(mode: ReminderMode) -> Catalogue:
    return catalogue(
        [
            key("anthropic", rotate_every=days(20), remind_before=days(10), owner=ML),
            key("openrouter", rotate_every=days(400), remind_before=days(10), owner=PLATFORM),
        ],
        reminders=mode,
        escalate_after=days(3),
    )


def test_a_key_is_mentioned_weekly_then_daily_then_to_both_owners_until_it_is_rotated(
    world: Callable[..., World], start: datetime
) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    here.put("anthropic", start)
    here.put("openrouter", start)
    heard = {}
    for number in range(50):
        if number == 25:
            here.put("anthropic", start + 24.5 * DAY)
        if mails := here.day(start + number * DAY):
            heard[number] = mails
    assert heard == {
        10: [(ML, "prod: the key anthropic must be rotated by 2026-03-21")],
        17: [(ML, "prod: the key anthropic must be rotated by 2026-03-21")],
        20: [(ML, "prod: the key anthropic is overdue since today")],
        21: [(ML, "prod: the key anthropic is 1 day overdue")],
        22: [(ML, "prod: the key anthropic is 2 days overdue")],
        23: [(owner, "prod: the key anthropic is 3 days overdue") for owner in (ML, PLATFORM)],
        24: [(owner, "prod: the key anthropic is 4 days overdue") for owner in (ML, PLATFORM)],
        # rotated on day 24.5: due again ten days later, overdue twenty days later
        35: [(ML, "prod: the key anthropic must be rotated by 2026-04-14")],
        42: [(ML, "prod: the key anthropic must be rotated by 2026-04-14")],
        45: [(ML, "prod: the key anthropic is overdue since today")],
        46: [(ML, "prod: the key anthropic is 1 day overdue")],
        47: [(ML, "prod: the key anthropic is 2 days overdue")],
        **{
            number: [
                (owner, f"prod: the key anthropic is {number - 45} days overdue") for owner in (ML, PLATFORM)
            ]
            for number in range(48, 50)
        },
    }


@pytest.mark.parametrize("mode", list(ReminderMode))
def test_alarms_that_start_on_an_old_value_double_no_message(
    world: Callable[..., World], start: datetime, mode: ReminderMode
) -> None:
    """The first deployment over keys that have been overdue for a while."""
    here = world(two_keys(mode))
    here.put("openrouter", start)
    here.put("anthropic", start - 25 * DAY)
    overdue = "prod: the key anthropic is 5 days overdue"
    assert here.day(start) == [(ML, overdue), (PLATFORM, overdue)]


def test_a_due_key_whose_alarm_starts_late_is_still_told_the_same_day(
    world: Callable[..., World], start: datetime
) -> None:
    """The daily run speaks of it on day 7 only; until then the new alarm is the one that can."""
    here = world(two_keys(ReminderMode.PER_KEY))
    here.put("openrouter", start)
    here.put("anthropic", start - 13 * DAY)
    assert here.day(start) == [(ML, "prod: the key anthropic must be rotated by 2026-03-08")]


def test_an_early_rotation_is_followed_by_silence(world: Callable[..., World], start: datetime) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    here.put("openrouter", start)
    here.put("anthropic", start - 12 * DAY)
    assert here.day(start) == [(ML, "prod: the key anthropic must be rotated by 2026-03-09")]
    here.put("anthropic", start + timedelta(hours=5))
    assert [here.day(start + number * DAY) for number in range(1, 10)] == [[]] * 9


def test_a_new_key_without_a_value_is_mentioned_from_the_first_run_until_one_is_put(
    world: Callable[..., World], start: datetime
) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    here.put("openrouter", start)
    here.made("anthropic", start - timedelta(hours=20))
    told = (ML, "prod: the key anthropic has no value yet")
    assert [here.day(start + number * DAY) for number in range(5)] == [
        [told],
        [told],
        [told],
        [told, (PLATFORM, told[1])],  # it has waited for the escalation's three days
        [told, (PLATFORM, told[1])],
    ]
    here.put("anthropic", start + 4.5 * DAY)
    assert here.day(start + 5 * DAY) == []


def test_a_second_key_without_a_value_is_told_although_the_alarm_is_already_on(
    world: Callable[..., World], start: datetime
) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    here.made("openrouter", start - timedelta(hours=1))
    here.put("anthropic", start)
    assert here.day(start) == [(PLATFORM, "prod: the key openrouter has no value yet")]
    here.clients.secrets.delete_secret(SecretId="prod/anthropic-api-key", ForceDeleteWithoutRecovery=True)
    recreated = here.clients.secrets.create_secret(Name="prod/anthropic-api-key")["ARN"]
    arns = {"anthropic": recreated, "openrouter": here.settings.rules["openrouter"].secret}
    here.settings = Settings.from_json(reminder_settings(here.catalogue, arns, here.mailbox.arns))
    here.made("anthropic", start + timedelta(hours=2))
    assert here.day(start + DAY) == [
        (ML, "prod: the key anthropic has no value yet"),
        (PLATFORM, "prod: the key openrouter has no value yet"),
    ]


def test_the_cheap_form_lists_all_keys_to_the_environment_and_his_own_to_each_owner(
    world: Callable[..., World], start: datetime
) -> None:
    made = catalogue(
        [
            key("anthropic", rotate_every=days(20), remind_before=days(10), owner=ML),
            key("openrouter", rotate_every=days(16), remind_before=days(5), owner="search@example.com"),
        ],
        reminders=ReminderMode.PER_ENVIRONMENT,
    )
    here = world(made)
    here.put("anthropic", start)
    here.put("openrouter", start)
    heard = {number: mails for number in range(22) if (mails := here.day(start + number * DAY))}
    due = "prod: the key anthropic must be rotated by 2026-03-21"
    second = "prod: the key openrouter must be rotated by 2026-03-17"
    both = "prod: 2 keys need attention"
    search = "search@example.com"

    def overdue(name: str, count: int) -> str:
        words = {0: "overdue since today", 1: "1 day overdue"}.get(count, f"{count} days overdue")
        return f"prod: the key {name} is {words}"

    assert heard == {
        10: [(ML, due), (PLATFORM, due)],
        11: [(PLATFORM, both), (search, second)],  # joins while the alarm is on
        16: [(PLATFORM, both), (search, overdue("openrouter", 0))],
        17: [(ML, due), (PLATFORM, both), (search, overdue("openrouter", 1))],
        18: [(PLATFORM, both), (search, overdue("openrouter", 2))],
        19: [(PLATFORM, both), (search, overdue("openrouter", 3))],
        20: [(ML, overdue("anthropic", 0)), (PLATFORM, both), (search, overdue("openrouter", 4))],
        21: [(ML, overdue("anthropic", 1)), (PLATFORM, both), (search, overdue("openrouter", 5))],
    }
    here.run(scheduled(start + 22 * DAY))
    bodies = {address: body for address, _, body in here.mailbox.take()}
    assert [line for line in bodies[PLATFORM].splitlines() if line[:2] in ("1.", "2.")] == [
        "1. openrouter is 6 days overdue",
        "2. anthropic is 2 days overdue",
    ]
    assert "openrouter" not in bodies[ML]


@pytest.mark.parametrize("mode", list(ReminderMode))
def test_the_run_publishes_one_count_and_the_ages_that_the_mode_pays_for(
    world: Callable[..., World], start: datetime, mode: ReminderMode
) -> None:
    here = world(two_keys(mode))
    here.put("anthropic", start - 12.5 * DAY)
    here.run(scheduled(start))
    age = here.metric("ValueAgeDays", {"Environment": "prod", "Key": "anthropic"}, start)
    ages = here.clients.metrics.list_metrics(Namespace="keyplan", MetricName="ValueAgeDays")["Metrics"]
    without = here.metric("KeysWithoutValue", {"Environment": "prod"}, start)
    attention = here.metric("KeysNeedingAttention", {"Environment": "prod"}, start)
    if mode is ReminderMode.PER_KEY:
        assert (age, len(ages), without, attention) == ([12.5], 1, [1.0], [])
    else:
        assert (age, len(ages), without, attention) == ([], 0, [], [2.0])


def refuse(client: Any, operation: str, secret_arn: str, code: str) -> None:
    """Let the real client be refused for one secret, as AWS words it."""

    def answer(params: dict[str, Any], **_: Any) -> Any:
        if secret_arn.encode() in params["body"]:
            return AWSResponse("", 400, {}, None), {"Error": {"Code": code, "Message": "not for the reader"}}
        return None

    client.meta.events.register(f"before-call.secrets-manager.{operation}", answer)


def test_keys_that_cannot_be_looked_at_are_told_and_hide_no_other_key(
    world: Callable[..., World], start: datetime
) -> None:
    names = ["denied", "deleted", "gone", "fine", "late", "odd"]
    here = world(catalogue([key(name, rotate_every=days(20), remind_before=days(10)) for name in names]))
    for name in names:
        here.put(name, start - 25 * DAY if name == "late" else start)
    arn = {name: rule.secret for name, rule in here.settings.rules.items()}
    secrets = here.clients.secrets
    secrets.delete_secret(SecretId=arn["deleted"], RecoveryWindowInDays=7)
    secrets.delete_secret(SecretId=arn["gone"], ForceDeleteWithoutRecovery=True)
    refuse(secrets, "DescribeSecret", arn["denied"], "AccessDeniedException")
    refuse(secrets, "ListSecretVersionIds", arn["odd"], "InternalServiceError")
    assert here.run(scheduled(start)) == {"run": "daily", "keys": 6, "messages": 3}
    mails = here.mailbox.take()
    assert [(address, subject) for address, subject, _ in mails] == [
        (ML, "prod: 4 keys need attention"),
        (ML, "prod: the key late is 5 days overdue"),
        (PLATFORM, "prod: 4 keys need attention"),
    ]
    listed = next(body for address, subject, body in mails if "4 keys" in subject)
    assert [line for line in listed.splitlines() if line[:2] in ("1.", "2.", "3.", "4.")] == [
        "1. deleted is scheduled for deletion",
        "2. denied cannot be watched: the reminder is refused access to its secret",
        "3. gone has no secret: its container is gone",
        "4. odd could not be checked: the secret store gave no answer",
    ]
    assert here.metric("KeysWithoutValue", {"Environment": "prod"}, start) == [4.0]
    assert here.metric("ValueAgeDays", {"Environment": "prod", "Key": "fine"}, start) == [0.0]


def test_the_current_version_is_found_on_any_page(cloud: Cloud, start: datetime) -> None:
    """The label is on the version that the last page holds."""
    secrets = cloud.client("secretsmanager")
    arn = secrets.create_secret(Name="prod/a")["ARN"]
    for number in range(4):
        secrets.put_secret_value(SecretId=arn, SecretString="{}", VersionStages=[f"LABEL{number}"])
    secrets.put_secret_value(SecretId=arn, SecretString="{}", VersionStages=["AWSCURRENT"])
    cloud.date_current_value("prod/a", start)

    secrets.meta.events.register(
        "provide-client-params.secrets-manager.ListSecretVersionIds",
        lambda params, **_: {**params, "MaxResults": 1},
    )
    assert read_metadata(secrets, arn).value_created == start


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_an_alarm_that_ends_says_nothing(world: Callable[..., World], start: datetime, state: str) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    here.put("anthropic", start - 20 * DAY)
    assert here.run(alarm_event("prod-keyplan/anthropic/rotation-overdue", start, state)) == {
        "run": "ignored",
        "keys": 0,
        "messages": 0,
    }
    assert here.mailbox.take() == []


def test_the_due_alarm_of_an_overdue_key_leaves_the_word_to_the_overdue_alarm(
    world: Callable[..., World], start: datetime
) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    here.put("anthropic", start - 20 * DAY)
    here.run(alarm_event("prod-keyplan/anthropic/rotation-due", start))
    assert here.mailbox.take() == []
    here.run(alarm_event("prod-keyplan/anthropic/rotation-overdue", start))
    assert [address for address, _, _ in here.mailbox.take()] == [ML]


def test_an_alarm_of_a_key_that_left_the_catalogue_is_ignored(
    world: Callable[..., World], start: datetime
) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    assert here.run(alarm_event("prod-keyplan/former/rotation-due", start))["run"] == "ignored"


def test_a_topic_that_refuses_keeps_nobody_else_from_hearing(
    world: Callable[..., World], start: datetime
) -> None:
    here = world(two_keys(ReminderMode.PER_ENVIRONMENT))
    here.put("anthropic", start - 22 * DAY)
    here.put("openrouter", start)
    here.clients.topics.delete_topic(TopicArn=here.mailbox.arns[ML])
    with pytest.raises(UndeliveredError, match="1 of 2 messages"):
        here.run(scheduled(start))
    assert [address for address, _, _ in here.mailbox.take()] == [PLATFORM]


def test_metrics_that_are_refused_fail_the_run_before_anybody_is_told(
    world: Callable[..., World], start: datetime
) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    here.put("anthropic", start - 22 * DAY)

    def refused(**_: Any) -> Any:
        return AWSResponse("", 403, {}, None), {"Error": {"Code": "AccessDenied", "Message": ""}}

    here.clients.metrics.meta.events.register("before-call.cloudwatch.PutMetricData", refused)
    with pytest.raises(ClientError, match="AccessDenied"):
        here.run(scheduled(start))
    assert here.mailbox.take() == []


def test_more_keys_than_one_call_takes_are_published_in_several_and_the_count_last(
    world: Callable[..., World], start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.functions.aws.value_age.METRICS_PER_CALL", 2)
    here = world(catalogue([key(f"key-{number}") for number in range(4)]))
    for name in here.catalogue.keys:
        here.put(name, start)
    calls: list[list[str]] = []
    here.clients.metrics.meta.events.register(
        "provide-client-params.cloudwatch.PutMetricData",
        lambda params, **_: calls.append([datum["MetricName"] for datum in params["MetricData"]]),
    )
    here.run(scheduled(start))
    assert calls == [["ValueAgeDays"] * 2, ["ValueAgeDays"] * 2, ["KeysWithoutValue"]]


def test_no_reminder_ever_asks_for_a_value(world: Callable[..., World], start: datetime) -> None:
    here = world(two_keys(ReminderMode.PER_KEY))
    here.put("anthropic", start - 22 * DAY)
    asked: set[str] = set()
    here.clients.secrets.meta.events.register(
        "before-call.secrets-manager.*", lambda model, **_: asked.add(model.name)
    )
    here.day(start)
    assert asked == {"DescribeSecret", "ListSecretVersionIds"}
