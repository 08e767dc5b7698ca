"""The events that AWS services send to a function, in their documented shapes. Pure.

Source: EventBridge User Guide, "Scheduled Event" and "AWS API Call via CloudTrail"; CloudWatch User
Guide, "Invoke a Lambda function from an alarm"; CloudTrail User Guide, "CloudTrail record contents" and
"userIdentity element" (checked 2026-11-21).
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any


def scheduled_event(rule_arn: str, at: float) -> dict[str, Any]:
    """What a scheduled rule sends at `at` (epoch seconds)."""
    _, _, _, region, account, _ = rule_arn.split(":", 5)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [rule_arn],
        "detail": {},
    }


def alarm_event(alarm: dict[str, Any], state: str, reason: str, at: float) -> dict[str, Any]:
    """What an alarm sends to a function when it changes to `state`. `alarm` is as the server describes it."""
    _, _, _, region, account, _ = alarm["arn"].split(":", 5)
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["arn"],
        "accountId": account,
        "time": alarm_time(at),
        "region": region,
        "alarmData": {
            "alarmName": alarm["name"],
            "state": {"value": state, "reason": reason, "timestamp": alarm_time(at)},
            "previousState": {
                "value": alarm["state"],
                "reason": alarm["state_reason"],
                "timestamp": alarm_time(alarm["state_changed"]),
            },
            "configuration": {
                "description": alarm["description"],
                "metrics": [
                    {
                        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["arn"])),
                        "metricStat": {
                            "metric": alarm["metric"],
                            "period": alarm["period_seconds"],
                            "stat": alarm["statistic"],
                        },
                        "returnData": True,
                    }
                ],
            },
        },
    }


def alarm_time(at: float) -> str:
    """A time as CloudWatch writes it: milliseconds, and the offset without a colon."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def alarm_mail(alarm: dict[str, Any], state: str, reason: str, at: float) -> tuple[str, str]:
    """Subject and text of the mail that SNS sends for an alarm whose action is a topic; both shortened."""
    region = alarm["arn"].split(":")[3]
    subject = f'{state}: "{alarm["name"]}" in {region}'[:100]
    lines = [
        f'The CloudWatch alarm "{alarm["name"]}" in {region} changed from {alarm["state"]} to {state}',
        f"at {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC: {reason}.",
    ]
    if alarm["description"]:
        lines += ["", alarm["description"]]
    return subject, "\n".join(lines)


def read_event(secret_arn: str, principal_arn: str, at: float) -> dict[str, Any]:
    """CloudTrail's record of GetSecretValue by a role or a user, as EventBridge passes it on."""
    _, _, _, region, account, _ = secret_arn.split(":", 5)
    time = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.secretsmanager",
        "account": account,
        "time": time,
        "region": region,
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": _identity(principal_arn),
            "eventTime": time,
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": "GetSecretValue",
            "awsRegion": region,
            "sourceIPAddress": "192.0.2.1",
            "userAgent": "aws-cli",
            "requestParameters": {"secretId": secret_arn},
            "responseElements": None,
            "requestID": str(uuid.uuid4()),
            "eventID": str(uuid.uuid4()),
            "readOnly": True,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        },
    }


def _identity(principal_arn: str) -> dict[str, Any]:
    """A role is seen through a session of it; a user has no session and no issuer."""
    _, partition, _, _, account, name = principal_arn.split(":", 5)
    if not name.startswith("role/"):
        user = name.rpartition("/")[2]
        return {
            "type": "IAMUser",
            "principalId": "AIDASANDBOXSANDBOX",
            "arn": principal_arn,
            "accountId": account,
            "userName": user,
        }
    role = name.rpartition("/")[2]
    issuer = {
        "type": "Role",
        "principalId": "AROASANDBOXSANDBOX",
        "arn": principal_arn,
        "accountId": account,
        "userName": role,
    }
    return {
        "type": "AssumedRole",
        "principalId": "AROASANDBOXSANDBOX:session",
        "arn": f"arn:{partition}:sts::{account}:assumed-role/{role}/session",
        "accountId": account,
        "sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}},
    }
