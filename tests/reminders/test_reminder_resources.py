"""What the components register: names, inputs, permissions, and that everything fits."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pulumi
import pytest
from moto.events.models import EventPattern

from components.aws.alarm_plan import DESCRIPTION_MAX
from components.aws.notifications import OwnerTopics, OwnerTopicsArgs, topic_arn, topic_document, topic_name
from components.aws.packing import QuotaExceeded
from components.aws.quotas import INLINE_POLICIES_OF_ROLE_CHARACTERS, MANAGED_POLICY_CHARACTERS
from components.aws.read_alarm import ReadAlarm, ReadAlarmArgs
from components.aws.read_alarm_plan import EVENT_PATTERN_CHARACTERS, event_pattern
from components.aws.reminders import RotationReminders, RotationRemindersArgs, owners
from components.aws.tags import tags
from keyplan.catalogue import Catalogue, ReminderMode, RoleSettings, Runtime
from keyplan.names import secret_arn_pattern
from tests.components.catalogues import ACCOUNT, catalogue, consumer, key
from tests.components.recording import Recording, record
from tests.reminders.conftest import Cloud, Mailbox

ML, PLATFORM = "ml@example.com", "platform@example.com"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:prod-keyplan-value-age"  # as the recording makes it
PLATFORM_TOPIC = topic_arn(ACCOUNT, "prod", PLATFORM)


def of_kind(found: Recording, kind: str) -> dict[str, dict[str, Any]]:
    """Name to inputs of the resources of one type."""
    return {each.name: each.inputs for each in found.of(kind)}


def secret_arn(secret_name: str) -> str:
    return f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{secret_name}-AbCdEf"


def secret_arns(made: Catalogue) -> dict[str, str]:
    return {name: secret_arn(each.secret_name) for name, each in made.keys.items()}


def build(made: Catalogue) -> Recording:
    """The three components as an environment composes them."""

    def program() -> None:
        topics = OwnerTopics(
            "prod-owners", OwnerTopicsArgs("prod", ACCOUNT, owners(made), tags("prod", PLATFORM))
        )
        RotationReminders(
            "prod-reminders", RotationRemindersArgs(made, ACCOUNT, secret_arns(made), topics.arns)
        )
        readers = {name: ["arn:aws:iam::123456789012:role/prod-chat-api-reader"] for name in made.keys}
        ReadAlarm("prod-read-alarm", ReadAlarmArgs(made, ACCOUNT, secret_arns(made), readers, topics.arns))

    return record(program)


def one_key(mode: ReminderMode = ReminderMode.PER_KEY) -> Catalogue:
    reader = consumer("chat-api", Runtime.LAMBDA, RoleSettings(None))
    return catalogue([key("anthropic", owner=ML)], [reader], reminders=mode)


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
                "prod-anthropic-rotation-due": (
                    "keyplan", "ValueAgeDays", {"Environment": "prod", "Key": "anthropic"}, "Minimum",
                    "GreaterThanOrEqualToThreshold", 76.0, 86400.0, 1.0, "ignore", [FUNCTION_ARN],
                ),
                "prod-anthropic-rotation-overdue": (
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
    assert texts["prod-anthropic-rotation-overdue"] == (
        "The value of the key anthropic in prod is older than 90d (owner: ml@example.com). Create a new key "
        "at the vendor and store it: keyplan put anthropic. The owner is told every day; after 7d so is "
        "platform@example.com."
    )
    for name, command in {
        "prod-anthropic-rotation-due": "keyplan put anthropic",
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
            "handler": "keyplan_functions.value_age.handle",
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
    """In the cheap form: policies, code and pattern are as large as in the other, and there are few alarms."""
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


# --- the read alarm's pattern, judged by moto's matcher


def read_event(**detail: Any) -> dict[str, Any]:
    return {
        "source": "aws.secretsmanager",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue", **detail},
    }


def named(secret_id: str) -> dict[str, Any]:
    return read_event(requestParameters={"secretId": secret_id})


EXTRA = key("shared", secret_name="team/shared-key")


@pytest.mark.parametrize(
    ("event", "passes"),
    [
        pytest.param(named("prod/anthropic-api-key"), True, id="name"),
        pytest.param(named(secret_arn("prod/anthropic-api-key")), True, id="full ARN"),
        pytest.param(named(secret_arn("prod/anthropic-api-key")[:-7]), True, id="partial ARN"),
        pytest.param(named("team/shared-key"), True, id="name outside the environment's prefix"),
        pytest.param(named(secret_arn("team/shared-key")), True, id="its ARN"),
        pytest.param(named("dev/anthropic-api-key"), False, id="another environment"),
        pytest.param(read_event(requestParameters=None), False, id="success without parameters"),
        pytest.param(
            read_event(requestParameters=None, errorCode="AccessDenied"),
            True,
            id="refusal without parameters",
        ),
        pytest.param(
            read_event(requestParameters={"secretId": "dev/a"}, errorCode="AccessDenied"),
            False,
            id="refusal elsewhere",
        ),
        pytest.param({**named("prod/a"), "source": "aws.s3"}, False, id="another source"),
    ],
)
def test_the_rule_lets_through_reads_of_this_environment(event: dict[str, Any], passes: bool) -> None:
    pattern = event_pattern(catalogue([key("anthropic"), EXTRA]), ACCOUNT)
    assert EventPattern.load(pattern).matches_event(event) is passes


def test_names_that_do_not_fit_into_a_pattern_widen_it_to_all_reads() -> None:
    made = catalogue([key(f"key-{each}", secret_name=f"team-{each}/key") for each in range(100)])
    pattern = event_pattern(made, ACCOUNT)
    assert len(pattern) <= EVENT_PATTERN_CHARACTERS
    assert EventPattern.load(pattern).matches_event(named("team-99/key"))


# --- the archives, in a process that has nothing of this project


def zipped(found: Recording, name: str) -> bytes:
    code = of_kind(found, "aws:lambda/function:Function")[f"{name}-function"]["code"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, asset in code.assets.items():
            text = asset.text if isinstance(asset, pulumi.StringAsset) else Path(asset.path).read_text()
            archive.writestr(path, text)
    return packed.getvalue()


CALL = """
import json, sys
sys.path.insert(0, sys.argv[1])
from {module} import handle
assert not any(name.split(".")[0] in ("keyplan", "components", "pulumi") for name in sys.modules)
print(json.dumps(handle(json.load(sys.stdin), None)))
"""


def call(archive: bytes, module: str, event: dict[str, Any], cloud: Cloud, folder: Path) -> dict[str, Any]:
    """Unpack as Lambda does and call the handler, in a process that sees boto3 and the archive only."""
    zipfile.ZipFile(io.BytesIO(archive)).extractall(folder)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": cloud.address,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-I", "-c", CALL.format(module=module), str(folder)],
        input=json.dumps(event),
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_packed_reminder_runs_with_nothing_but_its_archive(
    cloud: Cloud, mailbox: Mailbox, tmp_path: Path
) -> None:
    arn = cloud.client("secretsmanager").create_secret(Name="prod/anthropic-api-key")["ARN"]
    topics = {address: mailbox.add(address) for address in (ML, PLATFORM)}
    made = one_key()
    found = record(
        lambda: RotationReminders(
            "prod-reminders", RotationRemindersArgs(made, ACCOUNT, {"anthropic": arn}, topics)
        )
    )
    event = {"source": "aws.events", "time": "2099-01-01T06:00:00Z"}
    answer = call(zipped(found, "prod-reminders"), "keyplan_functions.value_age", event, cloud, tmp_path)
    assert answer == {"run": "daily", "keys": 1, "messages": 2}
    assert [address for address, _, _ in mailbox.take()] == [ML, PLATFORM]


def test_the_packed_read_alarm_runs_with_nothing_but_its_archive(
    cloud: Cloud, mailbox: Mailbox, tmp_path: Path
) -> None:
    topics = {address: mailbox.add(address) for address in (ML, PLATFORM)}
    made = one_key()
    args = ReadAlarmArgs(made, ACCOUNT, secret_arns(made), {}, topics)
    found = record(lambda: ReadAlarm("prod-read-alarm", args))
    event = named("prod/anthropic-api-key")
    event["detail"] |= {"eventTime": "2026-11-20T14:03:05Z", "userIdentity": {"type": "Root", "arn": "x"}}
    answer = call(zipped(found, "prod-read-alarm"), "keyplan_functions.read_alarm", event, cloud, tmp_path)
    assert answer == {"outcome": "told", "key": "anthropic", "messages": 2}
    assert [address for address, _, _ in mailbox.take()] == [ML, PLATFORM]
