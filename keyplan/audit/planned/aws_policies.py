"""AWS's own policies that keyplan's program attaches; a snapshot has only those that somebody already has.

Source: AWS Managed Policy Reference, AmazonECSTaskExecutionRolePolicy and AWSLambdaBasicExecutionRole;
checked 2026-11-22. Another one that is attached for the first time is unknown until the update.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_ACTIONS: dict[str, Sequence[str]] = {
    "service-role/AmazonECSTaskExecutionRolePolicy": (
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
        *_WRITE_LOGS,
    ),
    "service-role/AWSLambdaBasicExecutionRole": ("logs:CreateLogGroup", *_WRITE_LOGS),
}


def aws_policy(arn: str) -> dict[str, Any] | None:
    """The entry of a snapshot's `Policies` for one of AWS's own that keyplan knows."""
    owner, _, name = arn.partition(":policy/")
    if not owner.endswith(":iam::aws") or name not in _ACTIONS:
        return None
    statement = {"Effect": "Allow", "Action": list(_ACTIONS[name]), "Resource": "*"}
    version = {
        "VersionId": "known",
        "IsDefaultVersion": True,
        "Document": {"Version": "2012-10-17", "Statement": [statement]},
    }
    return {
        "Arn": arn,
        "PolicyName": name.rpartition("/")[2],
        "DefaultVersionId": "known",
        "PolicyVersionList": [version],
    }
