"""Each correction of moto: the AWS behaviour holds with it, and the same assertion fails without it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from sandbox import moto_patches
from sandbox.moto_patches.mail_delivery import take_mails
from tests.moto_classes import corrected_moto

REGION = "eu-west-1"
NAME = "sandbox/example-api-key"
MARKED = "You can't perform this operation on the secret because it was marked for deletion."
TOKEN = "rotation-token-of-32-characters-x"
Client = Any


def _refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def _labels(client: Client) -> dict[str, set[str]]:
    versions = client.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)["Versions"]
    values = {
        version["VersionId"]: client.get_secret_value(SecretId=NAME, VersionId=version["VersionId"])[
            "SecretString"
        ]
        for version in versions
    }
    return {values[version["VersionId"]]: set(version["VersionStages"]) for version in versions}


def _put(client: Client, value: str, *labels: str, token: str | None = None) -> str:
    more = {"VersionStages": list(labels)} if labels else {}
    if token:
        more["ClientRequestToken"] = token
    return str(client.put_secret_value(SecretId=NAME, SecretString=value, **more)["VersionId"])


def _promote(client: Client, old: str, new: str) -> None:
    client.update_secret_version_stage(
        SecretId=NAME, VersionStage="AWSCURRENT", RemoveFromVersionId=old, MoveToVersionId=new
    )


def reading_after_a_promotion_gives_the_new_value(client: Client) -> None:
    client.create_secret(Name=NAME)
    old, new = _put(client, "one"), _put(client, "two", "AWSPENDING")
    _promote(client, old, new)
    assert client.get_secret_value(SecretId=NAME)["SecretString"] == "two"


def one_version_is_current_after_a_promotion_and_a_put(client: Client) -> None:
    client.create_secret(Name=NAME)
    old, new = _put(client, "one"), _put(client, "two", "AWSPENDING")
    _promote(client, old, new)
    _put(client, "three")
    assert _labels(client) == {"one": set(), "two": {"AWSPENDING", "AWSPREVIOUS"}, "three": {"AWSCURRENT"}}


def a_label_of_ones_own_moves_with_the_put_that_names_it(client: Client) -> None:
    client.create_secret(Name=NAME)
    _put(client, "one", "AWSCURRENT", "rotated-by-ada", "keeps")
    _put(client, "two", "AWSCURRENT", "rotated-by-ada")
    assert _labels(client) == {"one": {"AWSPREVIOUS", "keeps"}, "two": {"AWSCURRENT", "rotated-by-ada"}}


def a_label_is_not_moved_without_naming_the_version_that_has_it(client: Client) -> None:
    client.create_secret(Name=NAME)
    _put(client, "one", "AWSCURRENT", "mark")
    new = _put(client, "two")
    code, _ = _refusal(
        client.update_secret_version_stage, SecretId=NAME, VersionStage="mark", MoveToVersionId=new
    )
    assert code == "InvalidParameterException"


def the_current_label_cannot_be_taken_away(client: Client) -> None:
    client.create_secret(Name=NAME)
    only = _put(client, "one")
    code, _ = _refusal(
        client.update_secret_version_stage, SecretId=NAME, VersionStage="AWSCURRENT", RemoveFromVersionId=only
    )
    assert code == "InvalidParameterException"
    assert client.get_secret_value(SecretId=NAME)["SecretString"] == "one"


def giving_a_label_to_the_version_that_has_it_changes_nothing(client: Client) -> None:
    client.create_secret(Name=NAME)
    only = _put(client, "one", "AWSCURRENT", "mark")
    client.update_secret_version_stage(SecretId=NAME, VersionStage="mark", MoveToVersionId=only)
    stages = client.list_secret_version_ids(SecretId=NAME)["Versions"][0]["VersionStages"]
    assert sorted(stages) == ["AWSCURRENT", "mark"]


def a_twenty_first_label_is_refused_and_moving_one_is_not(client: Client) -> None:
    client.create_secret(Name=NAME)
    old = _put(client, "one", "AWSCURRENT", *(f"mark-{number}" for number in range(17)))
    new = _put(client, "two", "twentieth")
    for label, code in (("mark-1", ""), ("twentieth", ""), ("AWSCURRENT", ""), ("more", "Limit")):
        move = {"SecretId": NAME, "VersionStage": label, "MoveToVersionId": new}
        if not code:
            client.update_secret_version_stage(
                **move, RemoveFromVersionId=new if label == "twentieth" else old
            )
            continue
        assert _refusal(client.update_secret_version_stage, **move)[0] == "LimitExceededException"
        put = {"SecretId": NAME, "SecretString": "three", "VersionStages": ["more"]}
        assert _refusal(client.put_secret_value, **put)[0] == "LimitExceededException"


def a_pending_value_is_not_overwritten_with_its_own_token(client: Client) -> None:
    client.create_secret(Name=NAME)
    _put(client, "one")
    _put(client, "two", "AWSPENDING", token=TOKEN)
    assert _put(client, "two", "AWSPENDING", token=TOKEN) == TOKEN
    code, _ = _refusal(client.put_secret_value, SecretId=NAME, SecretString="three", ClientRequestToken=TOKEN)
    assert code == "ResourceExistsException"
    assert _labels(client) == {"one": {"AWSCURRENT"}, "two": {"AWSPENDING"}}


def a_version_is_as_old_as_it_is(client: Client) -> None:
    client.create_secret(Name=NAME)
    version = _put(client, "one")
    stored = secretsmanager_backends["123456789012"][REGION].secrets[NAME].versions[version]
    stored["createdate"] -= 91 * 86400
    listed = client.list_secret_version_ids(SecretId=NAME)["Versions"][0]
    assert listed["CreatedDate"].timestamp() == stored["createdate"]


def the_version_list_names_the_secrets_own_arn(client: Client) -> None:
    arn = client.create_secret(Name=NAME)["ARN"]
    assert client.list_secret_version_ids(SecretId=NAME)["ARN"] == arn


def versions_without_a_label_are_listed_only_on_request(client: Client) -> None:
    client.create_secret(Name=NAME)
    for value in ("one", "two", "three"):
        _put(client, value)
    assert len(client.list_secret_version_ids(SecretId=NAME)["Versions"]) == 2
    assert len(client.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)["Versions"]) == 3
    assert len(client.describe_secret(SecretId=NAME)["VersionIdsToStages"]) == 2


def the_version_list_comes_in_pages(client: Client) -> None:
    client.create_secret(Name=NAME)
    _put(client, "one")
    _put(client, "two")
    first = client.list_secret_version_ids(SecretId=NAME, MaxResults=1)
    second = client.list_secret_version_ids(SecretId=NAME, MaxResults=1, NextToken=first["NextToken"])
    assert len({page["Versions"][0]["VersionId"] for page in (first, second)}) == 2
    assert "NextToken" not in second


def listing_versions_of_a_missing_secret_says_so(client: Client) -> None:
    code, _ = _refusal(client.list_secret_version_ids, SecretId="sandbox/none")
    assert code == "ResourceNotFoundException"


def a_version_that_nobody_read_has_no_date_of_access(client: Client) -> None:
    client.create_secret(Name=NAME)
    _put(client, "one")
    assert "LastAccessedDate" not in client.list_secret_version_ids(SecretId=NAME)["Versions"][0]
    client.get_secret_value(SecretId=NAME)
    version = client.list_secret_version_ids(SecretId=NAME)["Versions"][0]
    assert version["LastAccessedDate"].timestamp() % 86400 == 0
    assert client.describe_secret(SecretId=NAME)["LastAccessedDate"] == version["LastAccessedDate"]


def a_missing_label_is_told_from_a_missing_secret(client: Client) -> None:
    client.create_secret(Name=NAME)
    code, message = _refusal(client.get_secret_value, SecretId=NAME, VersionStage="AWSCURRENT")
    assert code == "ResourceNotFoundException"
    assert message.endswith("value for staging label: AWSCURRENT")
    code, message = _refusal(client.get_secret_value, SecretId="sandbox/none", VersionStage="AWSCURRENT")
    assert code == "ResourceNotFoundException"
    assert "staging label" not in message


def a_secret_pending_deletion_refuses_use_and_change(client: Client) -> None:
    client.create_secret(Name=NAME)
    version = _put(client, "one")
    client.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    expected = ("InvalidRequestException", MARKED)
    for call, arguments in (
        (client.get_secret_value, {}),
        (client.put_secret_value, {"SecretString": "two"}),
        (client.update_secret, {"Description": "other"}),
        (client.update_secret_version_stage, {"VersionStage": "mark", "MoveToVersionId": version}),
        (client.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (client.untag_resource, {"TagKeys": ["a"]}),
        (client.put_resource_policy, {"ResourcePolicy": "{}"}),
    ):
        assert _refusal(call, SecretId=NAME, **arguments) == expected
    assert "DeletedDate" in client.describe_secret(SecretId=NAME)
    assert len(client.list_secret_version_ids(SecretId=NAME)["Versions"]) == 1
    client.restore_secret(SecretId=NAME)
    assert client.get_secret_value(SecretId=NAME)["SecretString"] == "one"


def a_name_pending_deletion_cannot_be_created_again(client: Client) -> None:
    client.create_secret(Name=NAME)
    client.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    code, message = _refusal(client.create_secret, Name=NAME)
    assert code == "InvalidRequestException"
    assert "scheduled for deletion" in message


def what_would_be_sent_by_mail_is_kept(_: Client) -> None:
    take_mails()
    sns = boto3.client("sns", region_name=REGION)
    topic = sns.create_topic(Name="owners")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="bob@example.com")
    sns.publish(TopicArn=topic, Subject="rotate", Message="now")
    mail = {"subject": "rotate", "body": "now", "topic": topic}
    assert take_mails() == [{"to": "ada@example.com", **mail}, {"to": "bob@example.com", **mail}]


def a_new_alarm_has_no_state_and_a_changed_one_keeps_its_own(_: Client) -> None:
    metrics = boto3.client("cloudwatch", region_name=REGION)
    settings: dict[str, Any] = {
        "AlarmName": "example",
        "Namespace": "test",
        "MetricName": "Age",
        "Statistic": "Maximum",
        "Period": 86400,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    metrics.put_metric_alarm(**settings)
    assert metrics.describe_alarms()["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"
    metrics.set_alarm_state(AlarmName="example", StateValue="ALARM", StateReason="because")
    metrics.put_metric_alarm(**{**settings, "Threshold": 2.0})
    changed = metrics.describe_alarms()["MetricAlarms"][0]
    assert (changed["StateValue"], changed["StateReason"], changed["Threshold"]) == ("ALARM", "because", 2.0)


def _lookup(**asked: Any) -> list[dict[str, Any]]:
    trail = boto3.client("cloudtrail", region_name=REGION)
    return [
        event for page in trail.get_paginator("lookup_events").paginate(**asked) for event in page["Events"]
    ]


def _by(name: str, value: str) -> list[dict[str, str]]:
    return [{"AttributeKey": name, "AttributeValue": value}]


def a_read_is_found_with_its_reader_and_never_with_a_value(client: Client) -> None:
    arn = client.create_secret(Name=NAME)["ARN"]
    _put(client, "canary-of-a-value")
    client.get_secret_value(SecretId=arn)
    _refusal(client.get_secret_value, SecretId="sandbox/other")
    refused, read = _lookup(LookupAttributes=_by("EventName", "GetSecretValue"))
    assert (read["EventName"], read["ReadOnly"], read["Username"]) == ("GetSecretValue", "true", "moto")
    assert read["Resources"] == [{"ResourceType": "AWS::SecretsManager::Secret", "ResourceName": arn}]
    record = json.loads(read["CloudTrailEvent"])
    assert record["requestParameters"] == {"secretId": arn}
    assert record["userIdentity"]["arn"] == "arn:aws:iam::123456789012:user/moto"
    assert "errorCode" not in record
    assert json.loads(refused["CloudTrailEvent"])["errorCode"] == "ResourceNotFoundException"
    names = [event["EventName"] for event in _lookup()]
    assert sorted(names) == ["CreateSecret", "GetSecretValue", "GetSecretValue", "PutSecretValue"]
    assert "canary-of-a-value" not in str(_lookup())


def a_batch_is_recorded_as_a_read_of_each(client: Client) -> None:
    names = ["sandbox/one-api-key", "sandbox/two-api-key"]
    for name in names:
        client.create_secret(Name=name, SecretString="value")
    client.batch_get_secret_value(SecretIdList=names)
    reads = _lookup(LookupAttributes=_by("EventName", "GetSecretValue"))
    assert sorted(read["Resources"][0]["ResourceName"] for read in reads) == names
    assert _lookup(LookupAttributes=_by("EventName", "BatchGetSecretValue")) == []


def a_reader_with_a_role_is_named_by_it(client: Client) -> None:
    client.create_secret(Name=NAME, SecretString="one")
    role = "arn:aws:iam::123456789012:role/sandbox-chat-api-reader"
    given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="task-1")["Credentials"]
    reader = boto3.client(
        "secretsmanager",
        region_name=REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    reader.get_secret_value(SecretId=NAME)
    (read,) = _lookup(LookupAttributes=_by("ResourceName", NAME))[:1]
    identity = json.loads(read["CloudTrailEvent"])["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == "arn:aws:sts::123456789012:assumed-role/sandbox-chat-api-reader/task-1"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role
    assert read["Username"] == "task-1"


def reads_are_looked_up_by_time_and_in_pages(client: Client) -> None:
    client.create_secret(Name=NAME, SecretString="one")
    for _ in range(60):
        client.get_secret_value(SecretId=NAME)
    assert len(_lookup(LookupAttributes=_by("EventName", "GetSecretValue"))) == 60
    trail = boto3.client("cloudtrail", region_name=REGION)
    first = trail.lookup_events()
    assert len(first["Events"]) == 50
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert trail.lookup_events(StartTime=now - 2 * hour, EndTime=now - hour)["Events"] == []
    assert len(trail.lookup_events(StartTime=now - hour, MaxResults=7)["Events"]) == 7
    expected: dict[str, dict[str, Any]] = {
        "InvalidLookupAttributesException": {"LookupAttributes": _by("EventName", "A") * 2},
        "InvalidTimeRangeException": {"StartTime": now, "EndTime": now - hour},
        "InvalidNextTokenException": {"NextToken": "nonsense"},
    }
    found = {code: _refusal(trail.lookup_events, **asked)[0] for code, asked in expected.items()}
    assert found == {code: code for code in expected}


def a_policy_of_awss_own_is_attached_and_listed_with_its_text(_: Client) -> None:
    iam = boto3.client("iam", region_name=REGION)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="admin", AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    (policy,) = iam.get_account_authorization_details()["Policies"]
    (statement,) = policy["PolicyVersionList"][0]["Document"]["Statement"]
    assert (policy["PolicyName"], statement["Action"]) == ("AdministratorAccess", "*")


def a_policy_of_the_account_is_listed_with_its_name(_: Client) -> None:
    iam = boto3.client("iam", region_name=REGION)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    created = iam.create_policy(PolicyName="mine", PolicyDocument=document)["Policy"]
    (policy,) = iam.get_account_authorization_details()["Policies"]
    assert (policy["PolicyName"], policy["PolicyId"]) == ("mine", created["PolicyId"])


BEHAVIOURS: dict[str, tuple[Callable[[Client], None], ...]] = {
    "version_labels": (
        reading_after_a_promotion_gives_the_new_value,
        one_version_is_current_after_a_promotion_and_a_put,
        a_label_of_ones_own_moves_with_the_put_that_names_it,
    ),
    "stage_moves": (
        a_label_is_not_moved_without_naming_the_version_that_has_it,
        the_current_label_cannot_be_taken_away,
        giving_a_label_to_the_version_that_has_it_changes_nothing,
    ),
    "label_quota": (a_twenty_first_label_is_refused_and_moving_one_is_not,),
    "request_tokens": (a_pending_value_is_not_overwritten_with_its_own_token,),
    "version_list": (
        a_version_is_as_old_as_it_is,
        the_version_list_names_the_secrets_own_arn,
        versions_without_a_label_are_listed_only_on_request,
        the_version_list_comes_in_pages,
        listing_versions_of_a_missing_secret_says_so,
    ),
    "access_dates": (a_version_that_nobody_read_has_no_date_of_access,),
    "missing_labels": (a_missing_label_is_told_from_a_missing_secret,),
    "pending_deletion": (
        a_secret_pending_deletion_refuses_use_and_change,
        a_name_pending_deletion_cannot_be_created_again,
    ),
    "mail_delivery": (what_would_be_sent_by_mail_is_kept,),
    "alarm_states": (a_new_alarm_has_no_state_and_a_changed_one_keeps_its_own,),
    "trail_events": (
        a_read_is_found_with_its_reader_and_never_with_a_value,
        a_batch_is_recorded_as_a_read_of_each,
        a_reader_with_a_role_is_named_by_it,
        reads_are_looked_up_by_time_and_in_pages,
    ),
    "aws_policies": (
        a_policy_of_awss_own_is_attached_and_listed_with_its_text,
        a_policy_of_the_account_is_listed_with_its_name,
    ),
}
CASES = [(name, behaviour) for name, behaviours in BEHAVIOURS.items() for behaviour in behaviours]
IDS = [behaviour.__name__ for _, behaviour in CASES]


@pytest.mark.parametrize(("name", "behaviour"), CASES, ids=IDS)
def test_with_the_corrections(name: str, behaviour: Callable[[Client], None]) -> None:
    with corrected_moto(), mock_aws():
        behaviour(boto3.client("secretsmanager", region_name=REGION))


@pytest.mark.parametrize(("name", "behaviour"), CASES, ids=IDS)
def test_fails_without_this_one_correction(name: str, behaviour: Callable[[Client], None]) -> None:
    others = [each for each in moto_patches.PATCHES if each != name]
    with corrected_moto(others), mock_aws(), pytest.raises(BaseException):  # noqa: B017, PT011 - an assertion, pytest's failure or a 500
        behaviour(boto3.client("secretsmanager", region_name=REGION))


def test_every_correction_has_a_behaviour_that_proves_it() -> None:
    assert set(BEHAVIOURS) == set(moto_patches.PATCHES)


@mock_aws()
def test_moto_gives_the_first_version_the_current_label_as_aws_documents() -> None:
    client = boto3.client("secretsmanager", region_name=REGION)
    client.create_secret(Name=NAME)
    answer = client.put_secret_value(SecretId=NAME, SecretString="one", VersionStages=["AWSPENDING"])
    assert set(answer["VersionStages"]) == {"AWSPENDING", "AWSCURRENT"}


def test_a_correction_of_something_that_moto_no_longer_has_is_an_error() -> None:
    with pytest.raises(AttributeError):
        moto_patches.replace(FakeSecret, "no_such_method", time.time)


def test_the_document_names_every_correction(project: Path) -> None:
    named = re.findall(r"^\| `(\w+)` \|", (project / "docs" / "sandbox.md").read_text(), re.MULTILINE)
    assert set(named) == set(moto_patches.PATCHES)
