"""Ways by the key's policy and its grants. Each case names the document of AWS that says so."""

from __future__ import annotations

import pytest

from tests.audit.accounts import (
    KEY,
    allow,
    deny,
    document,
    key,
    secret,
    user,
    when,
)
from tests.audit_changers.small_accounts import CUSTOMER, THROUGH_ACCOUNT, Case, arn, can, found

KMS = {
    "the key's policy may be put by who would read": Case(
        "KMS API Reference, PutKeyPolicy",
        (user("ann", can("kms:PutKeyPolicy", "secretsmanager:GetSecretValue")),),
        {("ann", "allow", "key-policy")},
        CUSTOMER,
    ),
    "the key's policy names its administrator": Case(
        "KMS Developer Guide, Default key policy (key administrators)",
        (user("ann", can("secretsmanager:GetSecretValue")),),
        {("ann", "allow", "key-policy")},
        {
            "secrets": [secret(KmsKeyId=KEY)],
            "kms_keys": [
                key(
                    document({**allow("kms:Put*"), "Principal": {"AWS": arn("user", "ann")}}),
                )
            ],
        },
    ),
    "without the account's statement, no policy of an identity is about the key": Case(
        "KMS Developer Guide, Key policies",
        (user("ann", can("kms:PutKeyPolicy", "secretsmanager:GetSecretValue")),),
        set(),
        {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [key(document())]},
    ),
    "the key's policy may be put, for somebody else who would read": Case(
        "KMS API Reference, PutKeyPolicy",
        (user("ann", can("kms:PutKeyPolicy")), user("bob", can("secretsmanager:GetSecretValue"))),
        {("ann", "allow", "key-policy")},
        CUSTOMER,
    ),
    "the policy of AWS's own key cannot be changed": Case(
        "KMS Developer Guide, AWS managed keys",
        (
            user(
                "ann",
                can("kms:*", "secretsmanager:GetSecretValue"),
            ),
        ),
        set(),
    ),
    "a grant may be made": Case(
        "KMS API Reference, CreateGrant",
        (user("ann", can("kms:CreateGrant", "secretsmanager:GetSecretValue")),),
        {("ann", "allow", "grant")},
        CUSTOMER,
    ),
    "grants for AWS's own resources alone are no way": Case(
        "KMS Developer Guide, kms:GrantIsForAWSResource",
        (
            user(
                "ann",
                document(
                    allow("kms:CreateGrant", **when(Bool={"kms:GrantIsForAWSResource": "true"})), allow()
                ),
            ),
        ),
        set(),
        CUSTOMER,
    ),
    "grants to certain principals are conditional": Case(
        "KMS Developer Guide, kms:GranteePrincipal",
        (
            user(
                "ann",
                document(
                    allow(
                        "kms:CreateGrant",
                        **when(StringEquals={"kms:GranteePrincipal": arn("role", "x")}),
                    ),
                    allow(),
                ),
            ),
        ),
        {("ann", "conditional", "grant")},
        CUSTOMER,
    ),
    "a grant does not help against a denial in the key's policy": Case(
        "KMS Developer Guide, Grants in AWS KMS",
        (user("ann", can("kms:CreateGrant", "secretsmanager:GetSecretValue")),),
        set(),
        {
            "secrets": [secret(KmsKeyId=KEY)],
            "kms_keys": [
                key(
                    document(
                        *THROUGH_ACCOUNT["Statement"],
                        {**deny("kms:Decrypt"), "Principal": {"AWS": "*"}},
                    )
                )
            ],
        },
    ),
    "both policies may be put, and neither alone is enough": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (user("ann", can("secretsmanager:PutResourcePolicy", "kms:PutKeyPolicy")),),
        {("ann", "allow", "secret-policy+key-policy")},
        CUSTOMER,
    ),
}


@pytest.mark.parametrize("case", KMS.values(), ids=KMS)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected
