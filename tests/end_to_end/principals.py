"""Who asks, in the proofs: the principals of consumers as the account has them, and people made up here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.end_to_end.stack_copy import ENVIRONMENT, MOTO_ACCOUNT, Stack
from tests.evaluator.policy_evaluator import Principal, Role, Secret, can_get_secret_value

ADMINISTRATOR = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
STRANGER_ACCOUNT = "999999999999"


def somebody(name: str, *policies: Mapping[str, Any], account: str = MOTO_ACCOUNT) -> Principal:
    return Principal(
        f"arn:aws:iam::{account}:role/{name}",
        policies,
        session_arn=f"arn:aws:sts::{account}:assumed-role/{name.rsplit('/', 1)[-1]}/session",
    )


def role_of(stack: Stack, consumer: str) -> Role:
    """The role that a consumer reads as, found by the name that the design promises."""
    existing = stack.consumers[consumer].get("roleArn")
    return stack.account.roles[existing.rsplit("/", 1)[1] if existing else f"{ENVIRONMENT}-{consumer}-reader"]


def reader(stack: Stack, consumer: str) -> Principal:
    """The principal of a consumer's reads; for people a role as IAM Identity Center would make it."""
    settings = stack.consumers[consumer]
    if settings["runtime"] != "people":
        return role_of(stack, consumer).as_principal()
    name = re.escape(f":policy/{ENVIRONMENT}-{consumer}-reader")
    attached = [
        policy
        for arn, policy in stack.account.managed_policies.items()
        if re.search(rf"{name}(-[0-9]+)?$", arn)
    ]
    assert attached
    permission_set = settings.get("permissionSet", "Anybody")
    role = f"aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_{permission_set}_0123456789abcdef"
    return somebody(role, *attached)


def secrets_of(stack: Stack) -> Iterator[tuple[str, Secret]]:
    for key in stack.keys:
        yield key, stack.account.secrets[stack.secret_name(key)]


def readable(stack: Stack, principal: Principal) -> set[str]:
    """The keys whose value a principal can read."""
    return {
        key for key, secret in secrets_of(stack) if can_get_secret_value(stack.account, principal, secret)
    }


def locked(stack: Stack) -> set[str]:
    return {
        key for key, written in stack.keys.items() if written.get("lockdown", stack.settings.get("lockdown"))
    }
