"""What the components register: names, inputs, permissions, and that everything fits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.aws.alarms.notifications import (
    OwnerTopics,
    OwnerTopicsArgs,
    topic_arn,
    topic_document,
    topic_name,
)
from components.aws.alarms.read_alarm_plan import EVENT_PATTERN_CHARACTERS, event_pattern
from components.aws.alarms.reminder_plan import DESCRIPTION_MAX
from components.aws.policy.quotas import (
    INLINE_POLICIES_OF_ROLE_CHARACTERS,
    MANAGED_POLICY_CHARACTERS,
    QuotaExceeded,
)
from components.aws.tags import tags
from keyplan.catalogue import Catalogue, ReminderMode
from keyplan.names import secret_arn_pattern
from tests.components.catalogues import ACCOUNT, catalogue, key
from tests.components.recording import record
from tests.reminders.compositions import ML, PLATFORM, build, of_kind, one_key, zipped

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:prod-keyplan-value-age"  # as the recording makes it
PLATFORM_TOPIC = topic_arn(ACCOUNT, "prod", PLATFORM)


def test_one_key_needs_exactly_these_resources() -> None:
    found = build(one_key())
    custom = [(each.kind, each.name) for each in found.resources if not each.kind.startswith("keyplan:")]
    ml, platform = (topic_name("", address).removeprefix("-keyplan-") for address in (ML, PLATFORM))
    assert sorted(custom) == sorted(
        [
            *(
                (ALARM, f"prod-reminders-{name}")
                for name in ("anthropic-rotation-due", "anthropic-rotation-overdue")
            ),
            *(
                (ALARM, f"prod-reminders-{name}")
                for name in ("failing", "keys-without-value", "reminder-silent")
            ),
            (ALARM, "prod-read-alarm-failing"),
            ("aws:cloudwatch/eventRule:EventRule", "prod-reminders-daily"),
            ("aws:cloudwatch/eventRule:EventRule", "prod-read-alarm-reads"),
            ("aws:cloudwatch/eventTarget:EventTarget", "prod-reminders-daily-target"),
            ("aws:cloudwatch/eventTarget:EventTarget", "prod-read-alarm-reads-target"),
            *(
                ("aws:cloudwatch/logGroup:LogGroup", f"{name}-log")
                for name in ("prod-reminders", "prod-read-alarm")
            ),
            *(("aws:iam/role:Role", f"{name}-role") for name in ("prod-reminders", "prod-read-alarm")),
            *(
                ("aws:iam/rolePolicy:RolePolicy", f"{name}-policy")
                for name in ("prod-reminders", "prod-read-alarm")
            ),
            *(
                ("aws:lambda/function:Function", f"{name}-function")
                for name in ("prod-reminders", "prod-read-alarm")
            ),
            ("aws:lambda/permission:Permission", "prod-reminders-daily-permission"),
            ("aws:lambda/permission:Permission", "prod-reminders-alarms-permission"),
            ("aws:lambda/permission:Permission", "prod-read-alarm-reads-permission"),
            *(("aws:sns/topic:Topic", f"prod-owners-{slug}") for slug in (ml, platform)),
            *(("aws:sns/topicPolicy:TopicPolicy", f"prod-owners-{slug}-policy") for slug in (ml, platform)),
            *(
                ("aws:sns/topicSubscription:TopicSubscription", f"prod-owners-{slug}-email")
                for slug in (ml, platform)
            ),
        ]
    )


WATCHED = ("namespace", "metricName", "dimensions", "statistic", "comparisonOperator", "threshold", "period")
JUDGED = ("evaluationPeriods", "treatMissingData", "alarmActions")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param(
            ReminderMode.PER_KEY,
            {
                "prod-keyplan/anthropic/rotation-due": (
                    "keyplan", "ValueAgeDays", {"Environment": "prod", "Key": "anthropic"}, "Minimum",
                    "GreaterThanOrEqualToThreshold", 76.0, 86400.0, 1.0, "ignore", [FUNCTION_ARN],
                ),
                "prod-keyplan/anthropic/rotation-overdue": (
                    "keyplan", "ValueAgeDays", {"Environment": "prod", "Key": "anthropic"}, "Minimum",
                    "GreaterThanOrEqualToThreshold", 90.0, 86400.0, 1.0, "ignore", [FUNCTION_ARN],
                ),
                "prod-keys-without-value": (
                    "keyplan", "KeysWithoutValue", {"Environment": "prod"}, "Minimum",
                    "GreaterThanOrEqualToThreshold", 1.0, 86400.0, 1.0, "ignore", [FUNCTION_ARN],
                ),
                "prod-reminder-silent": (
                    "keyplan", "KeysWithoutValue", {"Environment": "prod"}, "SampleCount",
                    "LessThanThreshold", 1.0, 86400.0, 2.0, "breaching", [PLATFORM_TOPIC],
                ),
            },
            id="perKey",
        ),
        pytest.param(
            ReminderMode.PER_ENVIRONMENT,
            {
                "prod-keys-need-attention": (
                    "keyplan", "KeysNeedingAttention", {"Environment": "prod"}, "Minimum",
                    "GreaterThanOrEqualToThreshold", 1.0, 86400.0, 1.0, "ignore", [FUNCTION_ARN],
                ),
                "prod-reminder-silent": (
                    "keyplan", "KeysNeedingAttention", {"Environment": "prod"}, "SampleCount",
                    "LessThanThreshold", 1.0, 86400.0, 2.0, "breaching", [PLATFORM_TOPIC],
                ),
            },
            id="perEnvironment",
        ),
    ],
)  # fmt: skip
def test_the_alarms_of_a_mode(mode: ReminderMode, expected: dict[str, tuple[Any, ...]]) -> None:
    failing = {
        name: (
            "AWS/Lambda", "Errors", {"FunctionName": function}, "Sum",
            "GreaterThanOrEqualToThreshold", 1.0, period, 1.0, "notBreaching", [PLATFORM_TOPIC],
        )
        for name, function, period in (
            ("prod-reminder-failing", "prod-keyplan-value-age", 3600.0),
            ("prod-read-alarm-failing", "prod-keyplan-read-alarm", 300.0),
        )
    }  # fmt: skip
    found = of_kind(build(one_key(mode)), ALARM).values()
    assert {
        each["name"]: tuple(each[field] for field in WATCHED + JUDGED) for each in found
    } == expected | failing
    assert [each["name"] for each in found if "warmUpConfiguration" in each] == ["prod-reminder-silent"]
    assert [each for each in found if each.get("okActions")] == []


def test_a_description_says_what_it_means_and_what_to_run() -> None:
    found = of_kind(build(one_key()), ALARM)
    texts = {each["name"]: each["alarmDescription"] for each in found.values()}
    assert all(len(text) <= DESCRIPTION_MAX for text in texts.values())
    assert texts["prod-keyplan/anthropic/rotation-overdue"] == (
        "The value of the key anthropic in prod is older than 90d (owner: ml@example.com). Create a new key "
        "at the vendor, then: keyplan rotate anthropic. The owner is told every day; after 7d so is "
        "platform@example.com."
    )
    for name, command in {
        "prod-keyplan/anthropic/rotation-due": "keyplan rotate anthropic",
        "prod-keys-without-value": "keyplan status",
        "prod-reminder-silent": "aws lambda invoke --function-name prod-keyplan-value-age /dev/stdout",
        "prod-reminder-failing": "aws logs tail /aws/lambda/prod-keyplan-value-age --since 3d",
        "prod-read-alarm-failing": "aws logs tail /aws/lambda/prod-keyplan-read-alarm --since 3d",
    }.items():
        assert command in texts[name]


def test_an_alarm_of_a_key_is_tagged_with_the_keys_owner_and_vendor() -> None:
    found = of_kind(build(one_key()), ALARM)
    assert found["prod-reminders-anthropic-rotation-due"]["tags"] == tags("prod", ML, "anthropic")
    assert found["prod-reminders-reminder-silent"]["tags"] == tags("prod", PLATFORM)


def test_a_function_has_stated_limits_and_no_environment() -> None:
    functions = of_kind(build(one_key()), "aws:lambda/function:Function")
    found = {key: value for key, value in functions["prod-reminders-function"].items() if key != "code"}
    assert (
        found
        == {
            "name": "prod-keyplan-value-age",
            "description": "Measures how old the keys of prod are and reminds their owners",
            "role": "arn:aws:iam::123456789012:role/prod-keyplan-value-age",
            "runtime": "python3.13",
            "architectures": ["arm64"],
            "handler": "keyplan_functions.aws.value_age.handle",
            "timeout": 300.0,
            "memorySize": 256.0,
            "tags": tags("prod", PLATFORM),
        }
        or found | {"packageType": "Zip"} == found
    )


def test_only_the_schedule_and_this_environments_alarms_may_call_the_reminder() -> None:
    found = of_kind(build(one_key()), "aws:lambda/permission:Permission")
    assert found == {
        "prod-reminders-daily-permission": {
            "action": "lambda:InvokeFunction",
            "function": "prod-keyplan-value-age",
            "principal": "events.amazonaws.com",
            "sourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:prod-keyplan-value-age-daily",
            "statementId": "DailyRun",
        },
        "prod-reminders-alarms-permission": {
            "action": "lambda:InvokeFunction",
            "function": "prod-keyplan-value-age",
            "principal": "lambda.alarms.cloudwatch.amazonaws.com",
            "sourceAccount": "123456789012",
            "sourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:prod-*",
            "statementId": "AlarmsOfThisEnvironment",
        },
        "prod-read-alarm-reads-permission": {
            "action": "lambda:InvokeFunction",
            "function": "prod-keyplan-read-alarm",
            "principal": "events.amazonaws.com",
            "sourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:prod-keyplan-reads",
            "statementId": "ReadsOfThisEnvironment",
        },
    }


def test_alarms_exist_only_once_they_may_call_the_function() -> None:
    alarms = {each.name: each.depends_on for each in build(one_key()).of(ALARM)}
    callers = {"prod-reminders-alarms-permission", "prod-reminders-daily-target"}
    assert callers <= set(alarms["prod-reminders-anthropic-rotation-due"])


def test_the_rules_are_a_daily_schedule_and_all_read_events() -> None:
    found = of_kind(build(one_key()), "aws:cloudwatch/eventRule:EventRule")
    assert found["prod-reminders-daily"]["scheduleExpression"] == "cron(0 6 * * ? *)"
    assert found["prod-read-alarm-reads"]["state"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def test_the_reminders_role_may_do_exactly_this() -> None:
    found = of_kind(build(one_key()), "aws:iam/rolePolicy:RolePolicy")["prod-reminders-policy"]
    assert json.loads(found["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WriteItsOwnLog",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": "arn:aws:logs:eu-west-1:123456789012:"
                "log-group:/aws/lambda/prod-keyplan-value-age:log-stream:*",
            },
            {
                "Sid": "TellTheOwners",
                "Effect": "Allow",
                "Action": "sns:Publish",
                "Resource": sorted([topic_arn(ACCOUNT, "prod", ML), PLATFORM_TOPIC]),
            },
            {
                "Sid": "PublishAges",
                "Effect": "Allow",
                "Action": "cloudwatch:PutMetricData",
                "Resource": "*",
                "Condition": {"StringEquals": {"cloudwatch:namespace": "keyplan"}},
            },
            {
                "Sid": "ReadDatesOfValues",
                "Effect": "Allow",
                "Action": ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"],
                "Resource": [
                    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-??????"
                ],
            },
        ],
    }


def test_the_read_alarms_role_logs_and_publishes_and_nothing_else() -> None:
    found = of_kind(build(one_key()), "aws:iam/rolePolicy:RolePolicy")["prod-read-alarm-policy"]
    actions = [statement["Action"] for statement in json.loads(found["policy"])["Statement"]]
    assert actions == [["logs:CreateLogStream", "logs:PutLogEvents"], "sns:Publish"]


def many_keys(number: int) -> Catalogue:
    """In the cheap form: policies, code and pattern are as large as in the other, alarms are few."""
    keys = [key(f"key-{each:03}", owner=ML) for each in range(number)]
    return catalogue(keys, reminders=ReminderMode.PER_ENVIRONMENT)


def test_five_hundred_keys_fit_into_the_roles_policies_the_code_and_the_pattern() -> None:
    made = many_keys(500)
    found = build(made)
    inline = of_kind(found, "aws:iam/rolePolicy:RolePolicy")["prod-reminders-policy"]["policy"]
    managed = [each["policy"] for each in of_kind(found, "aws:iam/policy:Policy").values()]
    assert len(inline) <= INLINE_POLICIES_OF_ROLE_CHARACTERS
    assert max(len(policy) for policy in managed) <= MANAGED_POLICY_CHARACTERS
    assert len(managed) <= 10
    statements = [one for text in (inline, *managed) for one in json.loads(text)["Statement"]]
    granted = [arn for one in statements if one["Sid"] == "ReadDatesOfValues" for arn in one["Resource"]]
    assert sorted(granted) == sorted(
        secret_arn_pattern("aws", "eu-west-1", "123456789012", each.secret_name)
        for each in made.keys.values()
    )
    assert len(zipped(found, "prod-reminders")) < 1_000_000
    assert len(event_pattern(made, ACCOUNT)) <= EVENT_PATTERN_CHARACTERS


def test_more_keys_than_a_role_can_name_are_refused_at_preview() -> None:
    made = catalogue([key(f"key-{each:03}-{'x' * 60}") for each in range(900)])
    with pytest.raises(QuotaExceeded, match="function prod-keyplan-value-age has 900 keys") as caught:
        build(made)
    assert caught.value.hint == "split the environment into two, each with a part of the keys"


def test_a_topic_takes_messages_from_this_environments_alarms_and_this_account_only() -> None:
    arn = topic_arn(ACCOUNT, "prod", ML)
    alarms, account = topic_document(ACCOUNT, "prod", arn)["Statement"]
    assert (alarms["Principal"], alarms["Action"], alarms["Condition"]) == (
        {"Service": "cloudwatch.amazonaws.com"},
        "sns:Publish",
        {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:prod-*"},
        },
    )
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}


def test_an_owner_gets_one_topic_however_often_he_is_named() -> None:
    def program() -> None:
        OwnerTopics("owners", OwnerTopicsArgs("prod", ACCOUNT, [ML, PLATFORM, ML], {}))

    found = record(program)
    subscriptions = of_kind(found, "aws:sns/topicSubscription:TopicSubscription")
    assert sorted(each["endpoint"] for each in subscriptions.values()) == [ML, PLATFORM]


def test_addresses_that_a_name_cannot_tell_apart_have_topics_of_their_own() -> None:
    assert topic_name("prod", "a.b@example.com") != topic_name("prod", "a-b@example.com")
    assert len(topic_name("e" * 40, "x" * 300)) <= 256
