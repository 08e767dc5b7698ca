"""An account with a secret, and policies to judge in it."""

from __future__ import annotations

from typing import Any

from tests.evaluator.policy_evaluator import (
    Account,
    Principal,
    Secret,
)

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "999999999999"
SECRET_ARN = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:prod/anthropic-api-key-AbCdEf"
KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-4333-8444-555555555555"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/reader"
ROOT_ARN = f"arn:aws:iam::{ACCOUNT}:root"
GET = "secretsmanager:GetSecretValue"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: Any, resource: Any = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **elements}


DELEGATES_TO_IAM = policy(allow("kms:*", Principal={"AWS": ROOT_ARN}))
ADMINISTRATOR = policy(allow("*"))


def account(
    *, resource_policy: dict[str, Any] | None = None, key_policy: dict[str, Any] | None = DELEGATES_TO_IAM
) -> tuple[Account, Secret]:
    secret = Secret(SECRET_ARN, "prod/anthropic-api-key", KEY_ARN if key_policy else None, resource_policy)
    keys = {KEY_ARN: key_policy} if key_policy else {}
    return Account(ACCOUNT, {}, {}, {secret.name: secret}, keys), secret


def role(*documents: dict[str, Any], arn: str = ROLE_ARN) -> Principal:
    session = f"arn:aws:sts::{arn.split(':')[4]}:assumed-role/{arn.rsplit('/', 1)[-1]}/s"
    return Principal(arn, documents, session_arn=session)
