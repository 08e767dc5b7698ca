"""Grants to principals whose own policies are not in the snapshot, by kind, with both halves of a read."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.matrix import result
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    ROOT,
    allow,
    deny,
    document,
    estate_of,
    key,
    role,
    secret,
    user,
)
from tests.audit.aws_cases import IAM, SECRETS_MANAGER

PRINCIPAL = f"AWS JSON policy elements: Principal: {IAM}/reference_policies_elements_principal.html"
FROM_ELSEWHERE = (
    "Access AWS Secrets Manager secrets from a different account: "
    f"{SECRETS_MANAGER}/auth-and-access_examples_cross.html"
)
OTHER_ROOT, BOB = f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{OTHER}:user/bob"
GONE = f"arn:aws:iam::{ACCOUNT}:role/gone"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/ann"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def to(principal: Any, **more: Any) -> dict[str, Any]:
    return {**allow(**more), "Principal": principal}


def to_key(principal: Any) -> dict[str, Any]:
    return key(document({**allow("kms:Decrypt"), "Principal": principal}))


OPEN_KEY, HOME_KEY = to_key("*"), to_key({"AWS": ROOT})
FOUND: dict[str, tuple[str, list[Any], Any, list[tuple[str, str, str]]]] = {
    "another account": (PRINCIPAL, [to({"AWS": OTHER})], OPEN_KEY, [(OTHER, "external", "allow")]),
    "another account's user": (
        PRINCIPAL,
        [to({"AWS": BOB})],
        to_key({"AWS": BOB}),
        [(BOB, "external", "allow")],
    ),
    "its key lets the account in": (
        FROM_ELSEWHERE,
        [to({"AWS": BOB})],
        to_key({"AWS": OTHER_ROOT}),
        [(BOB, "external", "allow")],
    ),
    "its key lets nobody else in": (FROM_ELSEWHERE, [to({"AWS": BOB})], HOME_KEY, []),
    "AWS's own key lets nobody else in": (FROM_ELSEWHERE, [to({"AWS": BOB})], None, []),
    "a grant lets it decrypt": (
        FROM_ELSEWHERE,
        [to({"AWS": BOB})],
        {**HOME_KEY, "Grants": [{"GranteePrincipal": BOB, "Operations": ["Decrypt"]}]},
        [(BOB, "external", "allow")],
    ),
    "everybody": (PRINCIPAL, [to("*")], OPEN_KEY, [("*", "public", "allow")]),
    "everybody, and a key for the account": (
        FROM_ELSEWHERE,
        [to({"AWS": "*"})],
        HOME_KEY,
        [("*", "public", "conditional")],
    ),
    "everybody but one": (
        PRINCIPAL,
        [{**allow(), "NotPrincipal": {"AWS": BOB}}],
        OPEN_KEY,
        [("*", "public", "allow")],
    ),
    "everybody from an address": (
        PRINCIPAL,
        [to("*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})],
        OPEN_KEY,
        [("*", "public", "conditional")],
    ),
    "everybody of an account": (
        PRINCIPAL,
        [to("*", Condition={"StringEquals": {"aws:PrincipalAccount": OTHER}})],
        OPEN_KEY,
        [("*", "public", "conditional")],
    ),
    "a service": (PRINCIPAL, [to(LAMBDA)], OPEN_KEY, [("lambda.amazonaws.com", "service", "allow")]),
    "a service for one resource": (
        PRINCIPAL,
        [to(LAMBDA, Condition={"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:x"}})],
        OPEN_KEY,
        [("lambda.amazonaws.com", "service", "conditional")],
    ),
    "a service, and a denial of everybody": (
        PRINCIPAL,
        [to(LAMBDA), {**deny(), "Principal": "*"}],
        OPEN_KEY,
        [],
    ),
    "a service, and a denial of everybody but services": (
        PRINCIPAL,
        [
            to(LAMBDA),
            {**deny(Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}}), "Principal": "*"},
        ],
        OPEN_KEY,
        [("lambda.amazonaws.com", "service", "allow")],
    ),
    "a federation": (PRINCIPAL, [to({"Federated": SAML})], OPEN_KEY, [(SAML, "federated", "allow")]),
    "a federated user": (PRINCIPAL, [to({"AWS": FEDERATED})], None, [(FEDERATED, "federated", "allow")]),
    "a role that the snapshot lacks": (PRINCIPAL, [to({"AWS": GONE})], None, [(GONE, "external", "allow")]),
    "a role that the snapshot lacks, and a key for the account": (
        PRINCIPAL,
        [to({"AWS": GONE})],
        HOME_KEY,
        [(GONE, "external", "unknown")],
    ),
    "another account, and a denial of it": (
        PRINCIPAL,
        [to({"AWS": BOB}), {**deny(), "Principal": {"AWS": OTHER_ROOT}}],
        OPEN_KEY,
        [],
    ),
    "another account, and a denial of everybody but its user": (
        PRINCIPAL,
        [to({"AWS": BOB}), {**deny(), "NotPrincipal": {"AWS": [BOB, OTHER_ROOT]}}],
        OPEN_KEY,
        [(BOB, "external", "allow")],
    ),
    "the account's own principals are no outsiders": (
        PRINCIPAL,
        [
            to(
                {
                    "AWS": [
                        ROOT,
                        ACCOUNT,
                        f"arn:aws:iam::{ACCOUNT}:user/ann",
                        f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/x",
                        "AIDAANN",
                    ]
                }
            )
        ],
        OPEN_KEY,
        [],
    ),
    "a condition that nobody knows": (
        PRINCIPAL,
        [to({"AWS": BOB}, Condition={"StringEquals": {"example:Key": "x"}})],
        OPEN_KEY,
        [(BOB, "external", "unknown")],
    ),
}


@pytest.mark.parametrize(("source", "statements", "its_key", "expected"), FOUND.values(), ids=FOUND)
def test_an_outsider_is_listed(
    source: str, statements: list[Any], its_key: Any, expected: list[tuple[str, str, str]]
) -> None:
    policy = document(*statements)
    estate = estate_of(
        user("ann"),
        role("reader"),
        secrets=[secret(policy) if its_key is None else secret(policy, KmsKeyId=KEY)],
        kms_keys=[] if its_key is None else [its_key],
    )
    found = result(estate)["external"]
    assert [(each["principal"], each["kind"], each["verdict"]) for each in found] == expected, source


@pytest.mark.parametrize(
    "more",
    [
        {"secrets": [secret(document(to("*")), KmsKeyId=KEY, DeletedDate="2026-12-01T00:00:00Z")]},
        {"secrets": [secret(document(to("*")), KmsKeyId=KEY)], "kms_keys": [key(KeyState="Disabled")]},
    ],
    ids=["the secret is being deleted", "the key is disabled"],
)
def test_nobody_reads_what_cannot_be_read(more: dict[str, Any]) -> None:
    assert result(estate_of(**{"kms_keys": [key()], **more}))["external"] == []
