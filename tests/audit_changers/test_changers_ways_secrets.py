"""Ways by the secret's own policy, and by which key it has; each case names its document of AWS."""

from __future__ import annotations

import pytest

from tests.audit.accounts import (
    KEY,
    OTHER,
    SECRET,
    allow,
    deny,
    document,
    key,
    role,
    secret,
    user,
)
from tests.audit_changers.small_accounts import CUSTOMER, READS, Case, arn, can, found

SECRETS_MANAGER = {
    "the secret's policy may be put: the key of AWS's own decrypts for the whole account": Case(
        "Secrets Manager User Guide, Resource-based policies; Secret encryption and decryption",
        (user("ann", can("secretsmanager:PutResourcePolicy")),),
        {("ann", "allow", "secret-policy")},
    ),
    "the secret's policy may be put, and nobody decrypts with its own key": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (user("ann", can("secretsmanager:PutResourcePolicy")),),
        set(),
        CUSTOMER,
    ),
    "the secret's policy may be put, and the caller decrypts": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (user("ann", can("secretsmanager:PutResourcePolicy", "kms:Decrypt")),),
        {("ann", "allow", "secret-policy")},
        CUSTOMER,
    ),
    "the secret's policy may be put, and somebody else decrypts": Case(
        "Secrets Manager User Guide, Resource-based policies (the policy names who reads)",
        (user("ann", can("secretsmanager:PutResourcePolicy")), user("bob", can("kms:Decrypt"))),
        {("ann", "allow", "secret-policy")},
        CUSTOMER,
    ),
    "the secret's policy may be put, and only who reads already decrypts": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (user("ann", can("secretsmanager:PutResourcePolicy")), user("bob", READS)),
        set(),
        CUSTOMER,
    ),
    "a denial in the secret's own policy may be deleted with it": Case(
        "Secrets Manager API Reference, DeleteResourcePolicy",
        (user("ann", can("secretsmanager:DeleteResourcePolicy", "secretsmanager:GetSecretValue")),),
        {("ann", "allow", "secret-policy")},
        {"secrets": [secret(document({**deny(), "Principal": "*"}))]},
    ),
    "a policy that is deleted lets nobody in who was not let in": Case(
        "Secrets Manager API Reference, DeleteResourcePolicy",
        (user("ann", can("secretsmanager:DeleteResourcePolicy")),),
        set(),
        {"secrets": [secret(document({**deny(), "Principal": "*"}))]},
    ),
    "the secret's own policy denies that it is put, and so does not change": Case(
        "IAM User Guide, Policy evaluation logic (an explicit deny in any policy)",
        (user("ann", can("secretsmanager:PutResourcePolicy")),),
        set(),
        {"secrets": [secret(document({**deny("secretsmanager:*"), "Principal": "*"}))]},
    ),
    "a denial to put the policy goes with it when it may be deleted": Case(
        "Secrets Manager API Reference, DeleteResourcePolicy",
        (user("ann", can("secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy")),),
        {("ann", "allow", "secret-policy")},
        {
            "secrets": [
                secret(document({**deny("secretsmanager:PutResourcePolicy"), "Principal": "*"})),
            ]
        },
    ),
    "the secret's own policy lets somebody put it": Case(
        "IAM User Guide, Policy evaluation for requests within a single account",
        (user("ann"),),
        {("ann", "allow", "secret-policy")},
        {
            "secrets": [
                secret(
                    document(
                        {
                            **allow("secretsmanager:PutResourcePolicy"),
                            "Principal": {"AWS": arn("user", "ann")},
                        }
                    )
                )
            ]
        },
    ),
    "somebody of another account whom the secret's policy lets put it, and its key's decrypt": Case(
        "Secrets Manager User Guide, Access secrets from a different account",
        (),
        {("far", "allow", "secret-policy")},
        {
            "external_accounts": {
                OTHER: {
                    "authorization_details": {
                        "UserDetailList": [],
                        "GroupDetailList": [],
                        "Policies": [],
                        "RoleDetailList": [
                            role("far", can("secretsmanager:*", "kms:Decrypt"), account=OTHER)
                        ],
                    }
                }
            },
            "secrets": [
                secret(
                    document(
                        {
                            **allow("secretsmanager:PutResourcePolicy"),
                            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
                        }
                    ),
                    KmsKeyId=KEY,
                )
            ],
            "kms_keys": [key()],
        },
    ),
    "the key of the secret may be exchanged by who decrypts, for somebody who does not": Case(
        "Secrets Manager User Guide, Change the encryption key for a secret",
        (
            user("ann", can("secretsmanager:UpdateSecret", "kms:Decrypt")),
            user("bob", can("secretsmanager:GetSecretValue")),
        ),
        {("ann", "allow", "secret-key")},
        CUSTOMER,
    ),
    "who does not decrypt encrypts nothing again with another key": Case(
        "Secrets Manager User Guide, Change the encryption key for a secret",
        (
            user("ann", can("secretsmanager:UpdateSecret")),
            user("bob", can("secretsmanager:GetSecretValue")),
        ),
        set(),
        CUSTOMER,
    ),
    "a secret that is deleted is read by nobody": Case(
        "Secrets Manager API Reference, DeleteSecret",
        (user("ann", can("secretsmanager:PutResourcePolicy")),),
        set(),
        {"secrets": [secret(DeletedDate="2026-11-01")]},
    ),
}


@pytest.mark.parametrize("case", SECRETS_MANAGER.values(), ids=SECRETS_MANAGER)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected


def test_every_case_is_about_the_one_secret() -> None:
    assert SECRET.endswith("prod/anthropic-api-key-AbCdEf")
