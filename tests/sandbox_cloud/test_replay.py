"""Time moves: deployed functions really run, alarms change, and the mails that follow are collected."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from typing import Any

import boto3
import pytest

from keyplan.errors import KeyplanError
from sandbox.clock.functions import FunctionRunner
from sandbox.clock.journal import Replay
from sandbox.clock.replay import Clock, find_schedules
from sandbox.server.client import aws_client
from sandbox.server.record import ServerRecord

# One for each test of this file: what a test deploys stays where no other test looks.
REGIONS = iter(boto3.session.Session().get_available_regions("secretsmanager"))
DAY = 86400
TRUST = '{"Version": "2012-10-17", "Statement": []}'
ROLE = "arn:aws:iam::123456789012:role/example"
# Measures the age of one secret's value as the real reminder does, and mails when an alarm goes off.
AGES = """
import os
import boto3
from datetime import datetime
def handle(event, context):
    print("a line on standard output is not an answer")
    topics = boto3.client("sns")
    if event.get("source") == "aws.cloudwatch":
        name = event["alarmData"]["alarmName"]
        topics.publish(TopicArn=os.environ["TOPIC"], Subject=f"{name} is on", Message=event["time"])
        return {}
    now = datetime.fromisoformat(event["time"])
    versions = boto3.client("secretsmanager").list_secret_version_ids(SecretId="example")["Versions"]
    for version in versions:
        age = (now - version["CreatedDate"]).total_seconds() / 86400
        datum = {"MetricName": "Age", "Timestamp": now, "Value": age}
        boto3.client("cloudwatch").put_metric_data(Namespace="test", MetricData=[datum])
    return {"now": event["time"]}
"""
QUIET = "def handle(event, context):\n    return {}\n"


class Cloud:
    """One region of the shared server, with what a test deploys in it."""

    def __init__(self, record: ServerRecord, region: str) -> None:
        self.record, self.region = record, region
        self.topic: str = self.client("sns").create_topic(Name="owners")["TopicArn"]
        self.client("sns").subscribe(TopicArn=self.topic, Protocol="email", Endpoint="ada@example.com")

    def client(self, service: str) -> Any:
        return aws_client(self.record, service, self.region)

    def deploy(self, code: str, name: str = "ages", handler: str = "package/module.handle") -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("package/__init__.py", "")
            packed.writestr("package/module.py", code)
        iam = aws_client(self.record, "iam")
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="example", AssumeRolePolicyDocument=TRUST)
        arn: str = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=ROLE,
            Handler=handler,
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"TOPIC": self.topic}},
        )["FunctionArn"]
        return arn

    def schedule(
        self, function: str, expression: str = "rate(1 day)", state: str = "ENABLED", **target: Any
    ) -> None:
        events = self.client("events")
        events.put_rule(Name="daily", ScheduleExpression=expression, State=state)
        events.put_targets(Rule="daily", Targets=[{"Id": "function", "Arn": function, **target}])

    def alarm(self, name: str, threshold: float, *actions: str, **changes: Any) -> None:
        """An alarm on the age; `changes` replace its settings."""
        settings: dict[str, Any] = {
            "AlarmName": name,
            "Namespace": "test",
            "MetricName": "Age",
            "Statistic": "Maximum",
            "Period": DAY,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": list(actions),
        }
        self.client("cloudwatch").put_metric_alarm(**{**settings, **changes})

    def store(self) -> None:
        secrets = self.client("secretsmanager")
        secrets.create_secret(Name="example")
        secrets.put_secret_value(SecretId="example", SecretString="value")

    def advance(self, days: float) -> Replay:
        with FunctionRunner(self.record, self.region) as runner:
            return Clock(self.record, self.region, runner).advance(int(days * DAY), lambda day, days: None)

    def states(self) -> dict[str, str]:
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


@pytest.fixture
def cloud(server: ServerRecord) -> Cloud:
    """A region that no other test of this file has used."""
    return Cloud(server, next(REGIONS))


def _changes(replay: Replay) -> list[tuple[int, str, str, str]]:
    return [(change.day, change.alarm, change.before, change.after) for change in replay.changes]


def test_a_value_gets_older_and_its_alarm_tells_the_owner_once(cloud: Cloud) -> None:
    function = cloud.deploy(AGES)
    cloud.schedule(function)
    cloud.alarm("due", 5, function)
    cloud.alarm("overdue", 8, cloud.topic)
    cloud.store()
    replay = cloud.advance(10)
    assert replay.runs == {"ages": 11}  # ten days, and the alarm whose action it is
    assert replay.failures == {}
    assert _changes(replay) == [
        (1, "due", "INSUFFICIENT_DATA", "OK"),
        (1, "overdue", "INSUFFICIENT_DATA", "OK"),
        (5, "due", "OK", "ALARM"),
        (8, "overdue", "OK", "ALARM"),
    ]
    assert [(mail.day, mail.to, mail.subject) for mail in replay.mails] == [
        (5, "ada@example.com", "due is on"),
        (8, "ada@example.com", f'ALARM: "overdue" in {cloud.region}'),
    ]
    assert replay.mails[0].body.startswith(replay.mails[0].date)
    assert cloud.states() == {"due": "ALARM", "overdue": "ALARM"}
    changed = cloud.client("cloudwatch").describe_alarms(AlarmNames=["due"])["MetricAlarms"][0]
    assert changed["StateUpdatedTimestamp"].strftime("%Y-%m-%d") == replay.mails[0].date
    later = cloud.advance(2)
    assert (later.changes, later.mails) == ([], [])


def test_a_new_value_ends_the_alarm(cloud: Cloud) -> None:
    function = cloud.deploy(AGES)
    cloud.schedule(function)
    cloud.alarm("due", 5, cloud.topic)
    cloud.store()
    cloud.advance(6)
    cloud.client("secretsmanager").put_secret_value(SecretId="example", SecretString="new")
    # The old version is still listed, as AWSPREVIOUS; its label keeps this function's maximum high.
    stages = cloud.client("secretsmanager").list_secret_version_ids(SecretId="example")["Versions"]
    previous = next(version["VersionId"] for version in stages if "AWSPREVIOUS" in version["VersionStages"])
    cloud.client("secretsmanager").update_secret_version_stage(
        SecretId="example", VersionStage="AWSPREVIOUS", RemoveFromVersionId=previous
    )
    replay = cloud.advance(2)
    assert _changes(replay) == [(1, "due", "ALARM", "OK")]


def test_a_function_that_fails_is_counted_and_its_alarm_goes_off(cloud: Cloud) -> None:
    function = cloud.deploy("def handle(event, context):\n    raise RuntimeError('hidden')\n", "failing")
    cloud.schedule(function)
    cloud.alarm(
        "failing",
        1,
        cloud.topic,
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": "failing"}],
        Statistic="Sum",
    )
    replay = cloud.advance(2)
    assert replay.failures == {"failing": [(1, "RuntimeError"), (2, "RuntimeError")]}
    assert _changes(replay) == [(1, "failing", "INSUFFICIENT_DATA", "ALARM")]
    assert "hidden" not in json.dumps([vars(mail) for mail in replay.mails])


def test_a_function_that_ends_its_process_is_a_failure_of_that_day(cloud: Cloud) -> None:
    cloud.schedule(cloud.deploy("import os\ndef handle(event, context):\n    os._exit(3)\n", "leaving"))
    assert cloud.advance(1).failures == {"leaving": [(1, "Runtime.ExitError")]}


def test_silence_is_noticed_by_an_alarm_that_treats_missing_data_as_breaching(cloud: Cloud) -> None:
    cloud.alarm(
        "silence",
        1,
        cloud.topic,
        Statistic="SampleCount",
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    replay = cloud.advance(1)
    assert [mail.subject for mail in replay.mails] == [f'ALARM: "silence" in {cloud.region}']
    assert replay.runs == {}


@pytest.mark.parametrize(
    ("expression", "state", "runs"),
    [("rate(1 day)", "DISABLED", 0), ("rate(3 days)", "ENABLED", 2), ("cron(0 7 * * ? *)", "ENABLED", 7)],
)
def test_a_schedule_decides_how_often_its_function_runs(
    cloud: Cloud, expression: str, state: str, runs: int
) -> None:
    cloud.schedule(cloud.deploy(QUIET), expression, state)
    assert cloud.advance(7).runs.get("ages", 0) == runs


def test_a_schedule_that_cannot_be_replayed_is_said_to_be_left_out(cloud: Cloud) -> None:
    cloud.schedule("arn:aws:lambda:eu-west-1:123456789012:function:x", "cron(0 7 ? * MON *)")
    schedules, left_out = find_schedules(cloud.record, cloud.region)
    assert schedules == []
    assert [words.split(":")[0] for words in left_out] == ["daily"]


def test_a_target_that_was_never_deployed_is_named(server: ServerRecord) -> None:
    with (
        FunctionRunner(server, "eu-west-1") as runner,
        pytest.raises(KeyplanError, match="no-such is not deployed"),
    ):
        runner.run("arn:aws:lambda:eu-west-1:123456789012:function:no-such", {})


def test_half_a_day_is_replayed_as_one_day(cloud: Cloud) -> None:
    cloud.schedule(cloud.deploy(QUIET))
    assert cloud.advance(0.5).runs == {"ages": 1}


def test_a_target_with_an_event_of_its_own_gets_that_event(cloud: Cloud) -> None:
    code = "def handle(event, context):\n    assert event == {'mine': 1}\n"
    cloud.schedule(cloud.deploy(code), Input='{"mine": 1}')
    replay = cloud.advance(1)
    assert (replay.runs, replay.failures) == ({"ages": 1}, {})


def test_an_alarm_whose_actions_are_off_changes_and_tells_nobody(cloud: Cloud) -> None:
    cloud.alarm("quiet", 0, cloud.topic, TreatMissingData="breaching", ActionsEnabled=False)
    replay = cloud.advance(1)
    assert (_changes(replay), replay.mails) == ([(1, "quiet", "INSUFFICIENT_DATA", "ALARM")], [])


def test_an_alarm_that_is_deployed_again_keeps_its_state(cloud: Cloud) -> None:
    cloud.alarm("on", 0, cloud.topic, TreatMissingData="breaching")
    assert len(cloud.advance(1).mails) == 1
    cloud.alarm("on", 0, cloud.topic, TreatMissingData="breaching", AlarmDescription="changed")
    assert cloud.advance(1).mails == []
