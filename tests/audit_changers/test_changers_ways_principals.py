"""Ways by taking somebody's access: trusts, access keys, passwords, identity providers."""

from __future__ import annotations

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    role,
    trusting,
    user,
)
from tests.audit_changers.small_accounts import READER, READS, Case, arn, can, found

PRINCIPALS = {
    "the trust of a role that reads may be changed": Case(
        "IAM API Reference, UpdateAssumeRolePolicy",
        (user("ann", can("iam:UpdateAssumeRolePolicy")), READER),
        {("ann", "allow", "role-trust")},
    ),
    "the trust of a role that reads nothing may be changed": Case(
        "IAM API Reference, UpdateAssumeRolePolicy",
        (user("ann", can("iam:UpdateAssumeRolePolicy", resource=arn("role", "app"))), READER, role("app")),
        set(),
    ),
    "a key may be made for a user who reads": Case(
        "IAM API Reference, CreateAccessKey",
        (user("ann", can("iam:CreateAccessKey")), user("bob", READS)),
        {("ann", "allow", "other-principal")},
    ),
    "a password may be set for a user who has one": Case(
        "IAM API Reference, UpdateLoginProfile (fails without a password)",
        (user("ann", can("iam:UpdateLoginProfile")), user("bob", READS)),
        {("ann", "conditional", "other-principal")},
    ),
    "a password may be set for a user who reads, whether there is one or not": Case(
        "IAM API Reference, CreateLoginProfile, UpdateLoginProfile",
        (user("ann", can("iam:*LoginProfile")), user("bob", READS)),
        {("ann", "allow", "other-principal")},
    ),
    "keys for oneself give nothing": Case(
        "IAM API Reference, CreateAccessKey",
        (
            user("ann", can("iam:CreateAccessKey", resource=arn("user", "${aws:username}"))),
            user("bob", READS),
        ),
        set(),
    ),
    "the metadata of a SAML provider that a reader trusts": Case(
        "IAM API Reference, UpdateSAMLProvider",
        (
            user("ann", can("iam:UpdateSAMLProvider")),
            role(
                "reader",
                READS,
                trust=trusting(
                    {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"}, "sts:AssumeRoleWithSAML"
                ),
            ),
        ),
        {("ann", "allow", "identity-provider")},
    ),
}


@pytest.mark.parametrize("case", PRINCIPALS.values(), ids=PRINCIPALS)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected
