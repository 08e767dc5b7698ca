"""The gate: who is in the catalogue and cannot read, and what stops them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    READER,
    ROOT,
    SECRET,
    allow,
    attached,
    deny,
    details,
    document,
    key,
    managed,
    role,
    secret,
    user,
    when,
)
from tests.audit.gated import EXACT, IAM, LISTED, found_in, said

CANNOT = "chat shall read it, and "


@pytest.mark.parametrize(
    ("account", "verdict", "why"),
    [
        ({"principals": []}, "unknown", "the role of chat is not in the snapshot"),
        (
            {"principals": [role("reader")]},
            "deny",
            CANNOT + "GetSecretValue fails: nothing in its own policies allows it",
        ),
        (
            {"principals": [role("reader", document(allow(resource=SECRET), deny(resource=SECRET)))]},
            "deny",
            CANNOT + "GetSecretValue is denied by role/reader p0[1]",
        ),
        (
            {"principals": [role("reader", EXACT)], "secrets": [secret(DeletedDate="2026-11-01")]},
            "deny",
            CANNOT + "the secret is scheduled for deletion",
        ),
        (
            {
                "principals": [role("reader", EXACT)],
                "secrets": [secret(KmsKeyId=KEY)],
                "kms_keys": [key(document({**allow("kms:*"), "Principal": {"AWS": ROOT}}))],
            },
            "deny",
            CANNOT + "Decrypt fails: nothing in its own policies allows it",
        ),
        (
            {
                "principals": [role("reader", EXACT)],
                "secrets": [secret(KmsKeyId=KEY)],
                "kms_keys": [key(document())],
            },
            "deny",
            CANNOT + "Decrypt fails: nothing in the key's own policy allows it and nothing in its own "
            "policies allows it",
        ),
        (
            {
                "principals": [role("reader", EXACT)],
                "secrets": [secret(KmsKeyId=KEY)],
                "kms_keys": [key(KeyState="PendingDeletion")],
            },
            "deny",
            CANNOT + "Decrypt fails: its key is PendingDeletion",
        ),
        (
            {"principals": [role("reader", EXACT)], "secrets": [secret(KmsKeyId=KEY)], "kms_keys": []},
            "unknown",
            CANNOT + "Decrypt may fail: its key is not in the snapshot",
        ),
        (
            {"principals": [role("reader", document(allow(resource=SECRET, **when(
                Bool={"aws:MultiFactorAuthPresent": "true"}))))]},
            "conditional",
            CANNOT + "GetSecretValue depends on a condition: it is allowed by role/reader p0[0], if "
            "aws:multifactorauthpresent fits",
        ),
        (
            {
                "principals": [role("reader", EXACT)],
                "scps": {ACCOUNT: [{"level": "root", "policies": [{"Name": "None", "Content": document()}]}]},
            },
            "deny",
            CANNOT + "GetSecretValue fails: nothing in the SCPs at root allows it",
        ),
    ],
    ids=["gone", "without permission", "denied", "deleted", "no decrypt", "key policy", "key state",
         "key unknown", "condition", "scp"],
)  # fmt: skip
def test_a_reader_who_cannot_read_is_found_with_the_first_request_that_fails(
    account: dict[str, Any], verdict: str, why: str
) -> None:
    principals = account.pop("principals")
    found = [each for each in found_in(*principals, **account) if each.code == "listed-without-access"]
    assert [(each.principal, each.verdict, each.message) for each in found] == [(READER, verdict, why)]


def test_a_boundary_that_keeps_a_reader_out_is_named() -> None:
    there = details(
        role("reader", EXACT, PermissionsBoundary={"PermissionsBoundaryArn": f"{IAM}policy/narrow"}),
        policies=[managed("narrow", document(allow("s3:*")))],
    )
    assert said(authorization_details=there) == [
        f"listed-without-access: {CANNOT}GetSecretValue fails: nothing in its permissions boundary allows it"
    ]


def test_people_who_have_the_policy_and_cannot_read_are_found() -> None:
    ann = user("ann", document(deny()), AttachedManagedPolicies=[attached("people")])
    there = details(LISTED, ann, policies=[managed("people", EXACT)])
    assert said(authorization_details=there) == [
        "listed-without-access: people shall read it, and GetSecretValue is denied by user/ann p0[0]"
    ]
