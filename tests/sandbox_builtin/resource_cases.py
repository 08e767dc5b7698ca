"""Sensible inputs of every resource type, what it needs first, and what a change of it looks like."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.provider import Provider, State
from sandbox.provider.archives import hashed
from sandbox.provider.values import ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE_KEY

ACCOUNT = "123456789012"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def policy(action: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def archive(text: str) -> dict[str, Any]:
    asset = {SIGNATURE_KEY: ASSET_SIGNATURE, "text": text}
    packed = hashed({SIGNATURE_KEY: ARCHIVE_SIGNATURE, "assets": {"main.py": asset}}, Path())
    return dict(packed)


@dataclass(frozen=True)
class Case:
    """One type: what it needs first, its inputs, and what a change of it looks like.

    `$NAME` in a text stands for an output of a needed resource, `$role.arn` for instance.
    """

    inputs: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    needs: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)


ROLE = ("aws:iam/role:Role", {"name": "reader", "assumeRolePolicy": TRUST})
SECRET = ("aws:secretsmanager/secret:Secret", {"name": "dev/a"})
TOPIC = ("aws:sns/topic:Topic", {"name": "owners"})
RULE = ("aws:cloudwatch/eventRule:EventRule", {"name": "daily", "scheduleExpression": "rate(1 day)"})
KEY: tuple[str, dict[str, Any]] = ("aws:kms/key:Key", {})
FUNCTION_INPUTS = {
    "name": "ages",
    "role": "$role.arn",
    "code": archive("1"),
    "handler": "main.handler",
    "runtime": "python3.12",
}
FUNCTION = ("aws:lambda/function:Function", FUNCTION_INPUTS)
PERMISSION = {
    "action": "lambda:InvokeFunction",
    "function": "$function.name",
    "principal": "events.amazonaws.com",
    "sourceArn": "$rule.arn",
    "statementId": "daily",
}
TAGS = {"tags": {"owner": "a@example.com", "environment": "dev"}}
NEW_TAGS = {"tags": {"owner": "b@example.com", "vendor": "anthropic"}}

CASES = {
    "aws:secretsmanager/secret:Secret": Case(
        {
            "name": "dev/anthropic-api-key",
            "description": "owner a",
            "recoveryWindowInDays": 7,
            "replicas": [{"region": "us-east-1"}],
            **TAGS,
        },
        {
            "description": "owner b",
            "kmsKeyId": "alias/x",
            "replicas": [{"region": "eu-north-1"}],
            **NEW_TAGS,
        },
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": Case(
        {"secretArn": "$secret.arn", "policy": policy("a:B"), "blockPublicPolicy": True},
        {"policy": policy("a:C")},
        {"secret": SECRET},
    ),
    "aws:kms/key:Key": Case(
        {
            "description": "dev",
            "policy": policy("kms:*"),
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            **TAGS,
        },
        {
            "description": "prod",
            "policy": policy("kms:Get*"),
            "enableKeyRotation": False,
            "isEnabled": False,
            **NEW_TAGS,
        },
    ),
    "aws:kms/alias:Alias": Case(
        {"name": "alias/keyplan-dev", "targetKeyId": "$one.keyId"},
        {"targetKeyId": "$two.keyId"},
        {"one": KEY, "two": KEY},
    ),
    "aws:iam/role:Role": Case(
        {
            "name": "dev-reader",
            "path": "/keyplan/",
            "assumeRolePolicy": TRUST,
            "description": "reads",
            "maxSessionDuration": 7200,
            **TAGS,
        },
        {
            "assumeRolePolicy": TRUST.replace("ecs", "lambda"),
            "description": "reads more",
            "maxSessionDuration": 3600,
            "permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/edge",
            **NEW_TAGS,
        },
    ),
    "aws:iam/rolePolicy:RolePolicy": Case(
        {"role": "$role.name", "name": "read", "policy": policy("a:B")},
        {"policy": policy("a:C")},
        {"role": ROLE},
    ),
    "aws:iam/policy:Policy": Case(
        {"name": "dev-readers", "description": "people", "policy": policy("a:B"), **TAGS},
        {"policy": policy("a:C"), **NEW_TAGS},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Case(
        {"role": "$role.name", "policyArn": "$policy.arn"},
        needs={
            "role": ROLE,
            "policy": ("aws:iam/policy:Policy", {"name": "p", "policy": policy("a:B")}),
        },
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Case(
        {
            "url": "https://token.actions.githubusercontent.com",
            "clientIdLists": ["sts.amazonaws.com"],
            **TAGS,
        },
        {"clientIdLists": ["sts.amazonaws.com", "other"], **NEW_TAGS},
    ),
    "aws:iam/instanceProfile:InstanceProfile": Case(
        {"name": "dev-reader", "role": "$role.name", **TAGS},
        {"role": "$other.name", **NEW_TAGS},
        {
            "role": ROLE,
            "other": ("aws:iam/role:Role", {"name": "other", "assumeRolePolicy": TRUST}),
        },
    ),
    "aws:sns/topic:Topic": Case(
        {"name": "dev-owners", "displayName": "dev", "kmsMasterKeyId": "alias/x", **TAGS},
        {"displayName": "owners of dev", **NEW_TAGS},
    ),
    "aws:sns/topicSubscription:TopicSubscription": Case(
        {"topic": "$topic.arn", "protocol": "email", "endpoint": "a@example.com"},
        {"filterPolicy": json.dumps({"key": ["anthropic"]}), "rawMessageDelivery": True},
        {"topic": TOPIC},
    ),
    "aws:sns/topicPolicy:TopicPolicy": Case(
        {"arn": "$topic.arn", "policy": policy("sns:Publish")},
        {"policy": policy("sns:Subscribe")},
        {"topic": TOPIC},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Case(
        {
            "name": "dev-anthropic-overdue",
            "alarmDescription": "rotate it",
            "namespace": "keyplan",
            "metricName": "AgeDays",
            "dimensions": {"Key": "anthropic"},
            "statistic": "Maximum",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 90.5,
            "period": 86400,
            "evaluationPeriods": 1,
            "treatMissingData": "breaching",
            "warmUpConfiguration": {"warmUpPeriodDurationInMinutes": 1440},
            "alarmActions": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:owners"],
            **TAGS,
        },
        {
            "threshold": 30,
            "alarmDescription": "now",
            "okActions": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:owners"],
            **NEW_TAGS,
        },
    ),
    "aws:cloudwatch/eventRule:EventRule": Case(
        {
            "name": "dev-reads",
            "description": "reads",
            "eventPattern": json.dumps({"source": ["aws.secretsmanager"]}),
            "state": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            **TAGS,
        },
        {"description": "all reads", "eventPattern": json.dumps({"source": ["aws.kms"]}), **NEW_TAGS},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Case(
        {
            "rule": "$rule.name",
            "targetId": "owners",
            "arn": "$topic.arn",
            "inputTransformer": {"inputPaths": {"who": "$.detail"}, "inputTemplate": '"<who> read it"'},
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 60},
        },
        {"inputTransformer": {"inputTemplate": '"somebody read it"'}},
        {"rule": RULE, "topic": TOPIC},
    ),
    "aws:cloudwatch/logGroup:LogGroup": Case(
        {"name": "/aws/lambda/ages", "retentionInDays": 30, **TAGS}, {"retentionInDays": 0, **NEW_TAGS}
    ),
    "aws:lambda/function:Function": Case(
        {
            **FUNCTION_INPUTS,
            "description": "ages",
            "timeout": 60,
            "environment": {"variables": {"ENVIRONMENT": "dev"}},
            **TAGS,
        },
        {
            "code": archive("2"),
            "timeout": 30,
            "memorySize": 256,
            "reservedConcurrentExecutions": 1,
            "environment": {"variables": {"ENVIRONMENT": "prod"}},
            **NEW_TAGS,
        },
        {"role": ROLE},
    ),
    "aws:lambda/permission:Permission": Case(
        PERMISSION, needs={"role": ROLE, "function": FUNCTION, "rule": RULE}
    ),
}


def filled(value: Any, made: dict[str, State]) -> Any:
    """The value with `$resource.output` replaced."""
    if isinstance(value, dict):
        return {key: filled(item, made) for key, item in value.items()}
    if isinstance(value, str) and value.startswith("$") and "." in value and value[1] != ".":
        name, output = value[1:].split(".")
        return made[name].outputs[output]
    return value


def make(provider: Provider, kind: str, inputs: dict[str, Any], name: str = "it") -> State:
    checked = provider.check(kind, name, inputs)
    assert checked.failures == []
    return provider.create(kind, checked.inputs)


def prepared(provider: Provider, case: Case) -> dict[str, State]:
    made: dict[str, State] = {}
    for name, (kind, inputs) in case.needs.items():
        made[name] = make(provider, kind, filled(inputs, made), name)
    return made
