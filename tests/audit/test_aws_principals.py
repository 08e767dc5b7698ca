"""Resource policies: whom they name and what they bypass; permissions boundaries. As AWS documents them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    ANN,
    KEY,
    OTHER,
    READER,
    ROOT,
    Statement,
    allow,
    attached,
    deny,
    details,
    document,
    estate_of,
    key,
    managed,
    role,
    secret,
    user,
)
from tests.audit.aws_cases import ALLOW, DENY, IAM, OPEN, SECRETS_MANAGER, UNKNOWN, Case, owning

LOGIC = (
    "Policy evaluation for requests within a single account: "
    f"{IAM}/reference_policies_evaluation-logic_policy-eval-denyallow.html"
)
BOUNDARIES = f"Permissions boundaries for IAM entities: {IAM}/access_policies_boundaries.html"
PRINCIPAL = f"AWS JSON policy elements: Principal: {IAM}/reference_policies_elements_principal.html"
NOT_PRINCIPAL = f"AWS JSON policy elements: NotPrincipal: {IAM}/reference_policies_elements_notprincipal.html"
ACROSS = (
    f"Cross-account policy evaluation logic: {IAM}/reference_policies_evaluation-logic-cross-account.html"
)
FROM_ELSEWHERE = (
    "Access AWS Secrets Manager secrets from a different account: "
    f"{SECRETS_MANAGER}/auth-and-access_examples_cross.html"
)
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/build"
FEDERATED_USER = f"arn:aws:sts::{ACCOUNT}:federated-user/ann"


def to(principal: Any, **more: Any) -> Statement:
    return document({**allow(**more), "Principal": principal})


def not_to(principal: Any, **more: Any) -> Statement:
    return document({**deny(**more), "NotPrincipal": principal})


def bounded(principal: Statement, *boundary: Statement, **more: Any) -> dict[str, Any]:
    """A snapshot in which the principal has a permissions boundary."""
    limited = {**principal, "PermissionsBoundary": {"PermissionsBoundaryArn": attached("bound")["PolicyArn"]}}
    return {
        "authorization_details": details(limited, policies=[managed("bound", document(*boundary))]),
        **more,
    }


def within(source: str, expected: Any, policy: Any, principal: Statement, *boundary: Statement) -> Case:
    """A principal under a boundary, and the secret's policy."""
    more = bounded(principal, *boundary, secrets=[secret(policy)])
    return Case(expected, source, principal, more)


FREE_ANN, FREE_READER = user("ann"), role("reader")
MAY_ANN, MAY_READER = user("ann", document(allow())), role("reader", document(allow()))
ELSEWHERE = allow("s3:*")
CASES = {
    # Whom a resource policy names.
    "a policy that names nobody of the account": Case(
        DENY, LOGIC, FREE_ANN, owning(to({"AWS": f"arn:aws:iam::{OTHER}:root"}))
    ),
    "a user's ARN lets the user in": Case(ALLOW, LOGIC, FREE_ANN, owning(to({"AWS": ANN}))),
    "a role's ARN lets its sessions in": Case(ALLOW, LOGIC, FREE_READER, owning(to({"AWS": READER}))),
    "a session's ARN lets that session in": Case(OPEN, LOGIC, FREE_READER, owning(to({"AWS": SESSION}))),
    "a session of another role does not": Case(
        DENY, LOGIC, FREE_READER, owning(to({"AWS": SESSION.replace("reader/", "writer/")}))
    ),
    "a federated user is not the user": Case(DENY, PRINCIPAL, FREE_ANN, owning(to({"AWS": FEDERATED_USER}))),
    "a star is everybody": Case(ALLOW, PRINCIPAL, FREE_READER, owning(to("*"))),
    "a star under AWS is the same": Case(ALLOW, PRINCIPAL, FREE_ANN, owning(to({"AWS": "*"}))),
    "a star among others is everybody": Case(ALLOW, PRINCIPAL, FREE_ANN, owning(to({"AWS": [READER, "*"]}))),
    "the account's root hands the decision to the account": Case(
        DENY, PRINCIPAL, FREE_ANN, owning(to({"AWS": ROOT}))
    ),
    "so does the account's number": Case(DENY, PRINCIPAL, FREE_ANN, owning(to({"AWS": ACCOUNT}))),
    "a wildcard in a name names nobody": Case(
        DENY, PRINCIPAL, FREE_READER, owning(to({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}))
    ),
    "a principal's ARN has its case": Case(DENY, PRINCIPAL, FREE_ANN, owning(to({"AWS": ANN[:-3] + "Ann"}))),
    "a unique id is the principal's": Case(ALLOW, PRINCIPAL, FREE_ANN, owning(to({"AWS": "AIDAANN"}))),
    "the unique id of one that was deleted is nobody's": Case(
        DENY, PRINCIPAL, FREE_ANN, owning(to({"AWS": "AIDAGONE"}))
    ),
    "everybody whose ARN fits a condition": Case(
        ALLOW,
        PRINCIPAL,
        FREE_READER,
        owning(to("*", Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/r*"}})),
    ),
    "a policy without Principal is malformed": Case(UNKNOWN, PRINCIPAL, FREE_ANN, owning(document(allow()))),
    "a secret's policy is about the secret that it names": Case(
        DENY, PRINCIPAL, FREE_ANN, owning(to("*", resource="arn:aws:secretsmanager:*:*:secret:dev/*"))
    ),
    # Denials.
    "a denial of the account is one of everybody in it": Case(
        DENY, LOGIC, MAY_ANN, owning(document({**deny(), "Principal": {"AWS": ACCOUNT}}))
    ),
    "a denial of the role is one of its sessions": Case(
        DENY, LOGIC, MAY_READER, owning(document({**deny(), "Principal": {"AWS": READER}}))
    ),
    "a denial of one session leaves the others": Case(
        OPEN, LOGIC, MAY_READER, owning(document({**deny(), "Principal": {"AWS": SESSION}}))
    ),
    "a denial of everybody": Case(DENY, LOGIC, MAY_ANN, owning(document({**deny(), "Principal": "*"}))),
    "NotPrincipal leaves the user that it names with the account": Case(
        ALLOW, NOT_PRINCIPAL, MAY_ANN, owning(not_to({"AWS": [ANN, ROOT]}))
    ),
    "NotPrincipal leaves the role that it names with the account": Case(
        ALLOW, NOT_PRINCIPAL, MAY_READER, owning(not_to({"AWS": [READER, ROOT]}))
    ),
    "NotPrincipal leaves nobody for the account alone": Case(
        DENY, NOT_PRINCIPAL, MAY_ANN, owning(not_to({"AWS": [ROOT]}))
    ),
    "NotPrincipal leaves the session that it names": Case(
        OPEN, NOT_PRINCIPAL, MAY_READER, owning(not_to({"AWS": [SESSION, ROOT]}))
    ),
    "NotPrincipal denies whoever is not named": Case(
        DENY, NOT_PRINCIPAL, MAY_READER, owning(not_to({"AWS": [ANN, ROOT]}))
    ),
    "NotPrincipal denies whoever has a boundary, named or not": within(
        BOUNDARIES, DENY, not_to({"AWS": [ANN, ROOT]}), MAY_ANN, allow("*")
    ),
    # Boundaries: the table of what an implicit denial limits.
    "a boundary and a policy that both allow": within(BOUNDARIES, ALLOW, None, MAY_ANN, allow("*")),
    "a policy outside its boundary": within(BOUNDARIES, DENY, None, MAY_ANN, ELSEWHERE),
    "a boundary gives nothing": within(BOUNDARIES, DENY, None, FREE_ANN, allow("*")),
    "a boundary's denial": within(BOUNDARIES, DENY, to({"AWS": ANN}), MAY_ANN, allow("*"), deny()),
    "a user's ARN is not limited by the user's boundary": within(
        BOUNDARIES, ALLOW, to({"AWS": ANN}), FREE_ANN, ELSEWHERE
    ),
    "a role's ARN is limited by the role's boundary": within(
        BOUNDARIES, DENY, to({"AWS": READER}), FREE_READER, ELSEWHERE
    ),
    "a role's ARN within the role's boundary": within(
        BOUNDARIES, ALLOW, to({"AWS": READER}), FREE_READER, allow("*")
    ),
    "a session's ARN is not limited by the role's boundary": within(
        BOUNDARIES, OPEN, to({"AWS": SESSION}), FREE_READER, ELSEWHERE
    ),
    "a star is not limited by the role's boundary": within(
        BOUNDARIES, ALLOW, to("*"), FREE_READER, ELSEWHERE
    ),
    "a star with the role's ARN in a condition is not limited either": within(
        BOUNDARIES,
        ALLOW,
        to("*", Condition={"ArnEquals": {"aws:PrincipalArn": READER}}),
        FREE_READER,
        ELSEWHERE,
    ),
    "a boundary's denial limits a session, too": within(
        BOUNDARIES, DENY, to({"AWS": SESSION}), FREE_READER, allow("*"), deny()
    ),
    "a boundary under a condition": within(
        BOUNDARIES, OPEN, None, MAY_ANN, allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": True}})
    ),
    "a boundary that the snapshot lacks": Case(
        UNKNOWN,
        BOUNDARIES,
        {**MAY_ANN, "PermissionsBoundary": {"PermissionsBoundaryArn": attached("bound")["PolicyArn"]}},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_principal_is_let_in_as_the_document_says(case: Case) -> None:
    if "authorization_details" in case.more:
        estate = estate_of(**case.more)
        assert estate.reads(estate.callers[0]).verdict(1) is case.expected, case.source
    else:
        assert case.verdict() is case.expected, case.source


BOB, OTHER_ROOT = f"arn:aws:iam::{OTHER}:user/bob", f"arn:aws:iam::{OTHER}:root"
READS = document(allow(["secretsmanager:GetSecretValue", "kms:Decrypt"]))
KEY_FOR_BOB = key(document({**allow("kms:Decrypt"), "Principal": {"AWS": BOB}}))
HOME_KEY = key(document({**allow("kms:*"), "Principal": {"AWS": ROOT}}))
SIDES: dict[str, tuple[str, Any, Any, Any, Any]] = {
    "both sides allow": (ACROSS, to({"AWS": BOB}), READS, KEY_FOR_BOB, ALLOW),
    "the secret's policy names the account": (ACROSS, to({"AWS": OTHER_ROOT}), READS, KEY_FOR_BOB, ALLOW),
    "the secret's policy lets everybody in": (ACROSS, to("*"), READS, KEY_FOR_BOB, ALLOW),
    "the user has no policy": (ACROSS, to({"AWS": BOB}), document(), KEY_FOR_BOB, DENY),
    "everybody is let in and the user has no policy": (ACROSS, to("*"), document(), KEY_FOR_BOB, DENY),
    "the secret has no policy": (ACROSS, None, READS, KEY_FOR_BOB, DENY),
    "the secret's policy names the wrong account": (ACROSS, to({"AWS": ROOT}), READS, KEY_FOR_BOB, DENY),
    "the key lets its own account in": (FROM_ELSEWHERE, to({"AWS": BOB}), READS, HOME_KEY, DENY),
    "the user may not decrypt": (FROM_ELSEWHERE, to({"AWS": BOB}), document(allow()), KEY_FOR_BOB, DENY),
    "AWS's own key is for its account alone": (FROM_ELSEWHERE, to({"AWS": BOB}), READS, None, DENY),
    "asked by name it would be another account's": (
        ACROSS,
        to({"AWS": BOB}, Condition={"StringEquals": {"secretsmanager:SecretId": "prod/anthropic-api-key"}}),
        READS,
        KEY_FOR_BOB,
        DENY,
    ),
}


@pytest.mark.parametrize(("source", "policy", "of_bob", "its_key", "expected"), SIDES.values(), ids=SIDES)
def test_across_accounts(source: str, policy: Any, of_bob: Any, its_key: Any, expected: Any) -> None:
    estate = estate_of(
        secrets=[secret(policy) if its_key is None else secret(policy, KmsKeyId=KEY)],
        kms_keys=[] if its_key is None else [its_key],
        external_accounts={OTHER: {"authorization_details": details(user("bob", of_bob, account=OTHER))}},
    )
    assert estate.reads(estate.callers[0]).verdict(1) is expected, source
