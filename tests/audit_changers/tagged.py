"""Tags of the small accounts, and policies that decide by them."""

from __future__ import annotations

from typing import Any

from tests.audit.accounts import allow, document, when
from tests.audit_changers.small_accounts import DECRYPTS

TAG, UNTAG = "secretsmanager:TagResource", "secretsmanager:UntagResource"
SAME_TEAM = when(StringEquals={"aws:ResourceTag/team": "${aws:PrincipalTag/team}"})


def tags(**each: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in each.items()]


def with_tag(value: str, action: str = "secretsmanager:GetSecretValue", **more: Any) -> Any:
    """A policy that allows an action where the tag `team` has a value."""
    return document(allow(action, **when(StringEquals={"aws:ResourceTag/team": value})), DECRYPTS, **more)
