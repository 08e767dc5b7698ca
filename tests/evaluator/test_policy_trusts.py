"""Who assumes a role, as AWS documents it. Each row names its page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evaluator.evaluated import (
    ACCOUNT,
    ADMINISTRATOR,
    ROLE_ARN,
    ROOT_ARN,
    account,
    allow,
    policy,
    role,
)
from tests.evaluator.policy_evaluator import (
    NO_POLICY,
    Account,
    OidcProvider,
    Role,
    can_assume,
    can_assume_with_token,
    can_service_assume,
    refused_by_iam,
)


def trusting(statement: dict[str, Any], action: str = "sts:AssumeRole") -> Role:
    return Role(ROLE_ARN, policy({"Effect": "Allow", "Action": action, **statement}), (), None)


# "AWS JSON policy elements: Principal", IAM tutorial "Delegate access across accounts using roles"
TRUST_ROWS = [
    ("named in the trust", {"Principal": {"AWS": ROLE_ARN + "2"}}, policy(), True),
    ("the account, with an identity policy", {"Principal": {"AWS": ROOT_ARN}}, policy(allow("sts:*")), True),
    ("the account, without one", {"Principal": {"AWS": ROOT_ARN}}, policy(), False),
    ("an administrator that the trust leaves out", {"Principal": {"AWS": ROLE_ARN}}, ADMINISTRATOR, False),
    (
        "a condition that fails",
        {"Principal": {"AWS": ROLE_ARN + "2"}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        policy(),
        False,
    ),
]


@pytest.mark.parametrize(
    ("statement", "identity", "expected"), [row[1:] for row in TRUST_ROWS], ids=[row[0] for row in TRUST_ROWS]
)
def test_a_trust_decides_who_assumes_a_role(statement: Any, identity: Any, expected: bool) -> None:
    where, _ = account()
    assert bool(can_assume(where, role(identity, arn=ROLE_ARN + "2"), trusting(statement))) is expected


def test_a_service_assumes_a_role_that_trusts_it() -> None:
    where, _ = account()
    condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    trusted = trusting({"Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Condition": condition})
    own = {"aws:SourceAccount": ACCOUNT}
    assert can_service_assume(where, "ecs-tasks.amazonaws.com", trusted, **own)
    assert not can_service_assume(where, "lambda.amazonaws.com", trusted, **own)
    assert not can_service_assume(where, "ecs-tasks.amazonaws.com", trusted)


GITHUB = "token.actions.githubusercontent.com"
PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
CLAIMS = {
    "iss": f"https://{GITHUB}",
    "aud": "sts.amazonaws.com",
    "sub": "repo:o/r:ref:refs/heads/main",
    "repository_id": "1",
    "repository_visibility": "private",
}


def token_account() -> Account:
    return Account(ACCOUNT, {}, {}, {}, {}, (OidcProvider(PROVIDER_ARN, GITHUB, ("sts.amazonaws.com",)),))


def token_role(conditions: dict[str, Any]) -> Role:
    statement = {"Principal": {"Federated": PROVIDER_ARN}, "Condition": conditions}
    return trusting(statement, "sts:AssumeRoleWithWebIdentity")


# "Available keys for AWS OIDC federation", "Create an OpenID Connect (OIDC) identity provider in IAM"
TOKEN_ROWS: list[tuple[str, dict[str, Any], dict[str, str], bool]] = [
    ("the subject matches", {"StringEquals": {f"{GITHUB}:sub": CLAIMS["sub"]}}, {}, True),
    ("the subject differs", {"StringEquals": {f"{GITHUB}:sub": "repo:o/other"}}, {}, False),
    ("an audience that the provider doesn't list", {}, {"aud": "other"}, False),
    ("the authorized party stands for the audience", {}, {"azp": "other"}, False),
    ("another issuer", {}, {"iss": "https://gitlab.com"}, False),
    ("a claim that STS reads", {"StringEquals": {f"{GITHUB}:repository_id": "1"}}, {}, True),
    (
        "a claim that STS doesn't read",
        {"StringEquals": {f"{GITHUB}:repository_visibility": "private"}},
        {},
        False,
    ),
    (
        "for all values, without the claim",
        {"ForAllValues:StringEquals": {f"{GITHUB}:environment": "x"}},
        {},
        True,
    ),
]


@pytest.mark.parametrize(
    ("conditions", "changes", "expected"), [row[1:] for row in TOKEN_ROWS], ids=[row[0] for row in TOKEN_ROWS]
)
def test_a_token_assumes_a_role_as_documented(conditions: Any, changes: Any, expected: bool) -> None:
    verdict = can_assume_with_token(token_account(), token_role(conditions), {**CLAIMS, **changes})
    assert bool(verdict) is expected


def test_a_trust_for_tokens_lets_no_principal_of_aws_in() -> None:
    assert not can_assume(token_account(), role(ADMINISTRATOR), token_role({}))


# "Identity-provider controls for shared OIDC providers"
@pytest.mark.parametrize(
    ("conditions", "refused"),
    [
        ({}, True),
        ({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, True),
        ({"StringLike": {f"{GITHUB}:sub": "*"}}, True),
        ({"StringNotEquals": {f"{GITHUB}:sub": "repo:o/r"}}, True),
        ({"StringLike": {f"{GITHUB}:sub": "repo:o/r:*"}}, False),
        ({"StringEquals": {f"{GITHUB}:sub": ["repo:o/r:pull_request", "repo:o/r:ref:refs/heads/x"]}}, False),
    ],
    ids=str,
)
def test_iam_refuses_a_trust_that_leaves_a_shared_provider_open(conditions: Any, refused: bool) -> None:
    assert (refused_by_iam(token_role(conditions).trust) is not None) is refused
    assert refused_by_iam(NO_POLICY) is None
