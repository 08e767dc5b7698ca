"""Who reads a secret, decided as AWS documents it. Each row names the page that says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.evaluator.evaluated import (
    ACCOUNT,
    ADMINISTRATOR,
    DELEGATES_TO_IAM,
    GET,
    KEY_ARN,
    OTHER_ACCOUNT,
    ROLE_ARN,
    ROOT_ARN,
    SECRET_ARN,
    account,
    allow,
    deny,
    policy,
    role,
)
from tests.evaluator.policy_documents import UndecidableError
from tests.evaluator.policy_evaluator import (
    Principal,
    can,
    can_get_secret_value,
    can_use_key,
)

READ = allow(GET, f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:prod/anthropic-api-key-??????")
DECRYPT = allow(
    "kms:Decrypt",
    KEY_ARN,
    Condition={
        "StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"},
        "ArnLike": {"kms:EncryptionContext:SecretARN": SECRET_ARN[:-6] + "??????"},
    },
)
BOTH = policy(READ, DECRYPT)


# "Policy evaluation for requests within a single account", "… elements: Action / NotAction / Resource"
IDENTITY_ROWS = [
    ("nothing allows it", policy(), False),
    ("both calls allowed", BOTH, True),
    ("the secret without the KMS key", policy(READ), False),
    ("the KMS key without the secret", policy(DECRYPT), False),
    ("an administrator", ADMINISTRATOR, True),
    ("a deny beside it", policy(allow("*"), deny(GET)), False),
    ("a deny of the KMS call alone", policy(allow("*"), deny("kms:Decrypt")), False),
    ("a deny of another secret", policy(allow("*"), deny(GET, SECRET_ARN + "x")), True),
    ("actions without regard to case", policy(allow("SECRETSMANAGER:getsecretvalue"), DECRYPT), True),
    ("an action with wildcards", policy(allow("secretsmanager:Get*Valu?"), DECRYPT), True),
    ("an action that only starts alike", policy(allow("secretsmanager:GetSecret"), DECRYPT), False),
    (
        "everything but another action",
        policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        True,
    ),
    ("everything but this action", policy({"Effect": "Allow", "NotAction": GET, "Resource": "*"}), False),
    (
        "every resource but another",
        policy({"Effect": "Allow", "Action": "*", "NotResource": SECRET_ARN + "x"}),
        True,
    ),
    ("every resource but this", policy({"Effect": "Allow", "Action": "*", "NotResource": SECRET_ARN}), False),
    ("seven question marks", policy(allow(GET, SECRET_ARN[:-6] + "???????"), DECRYPT), False),
    ("resources mind the case", policy(allow(GET, SECRET_ARN.replace("prod", "Prod")), DECRYPT), False),
    ("another region", policy(allow(GET, SECRET_ARN.replace("eu-west-1", "us-east-1")), DECRYPT), False),
]


@pytest.mark.parametrize(
    ("document", "expected"), [row[1:] for row in IDENTITY_ROWS], ids=[row[0] for row in IDENTITY_ROWS]
)
def test_identity_policies_decide_about_reading(document: dict[str, Any], expected: bool) -> None:
    where, secret = account()
    assert bool(can_get_secret_value(where, role(document), secret)) is expected


# "AWS JSON policy elements: Principal", "Identity-based policies and resource-based policies"
RESOURCE_ROWS = [
    ("either side suffices", allow(GET, Principal={"AWS": ROLE_ARN}), policy(DECRYPT), True),
    (
        "the session's ARN",
        allow(GET, Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/s"}),
        policy(DECRYPT),
        True,
    ),
    ("another role's ARN", allow(GET, Principal={"AWS": ROLE_ARN + "2"}), policy(DECRYPT), False),
    ("the account delegates only", allow(GET, Principal={"AWS": ROOT_ARN}), policy(DECRYPT), False),
    ("the account by its number", allow(GET, Principal={"AWS": ACCOUNT}), policy(DECRYPT), False),
    ("everybody", allow(GET, Principal="*"), policy(DECRYPT), True),
    ("everybody, spelled out", allow(GET, Principal={"AWS": "*"}), policy(DECRYPT), True),
    ("a service", allow(GET, Principal={"Service": "lambda.amazonaws.com"}), policy(DECRYPT), False),
    ("a deny for the role", deny(GET, Principal={"AWS": ROLE_ARN}), BOTH, False),
    ("a deny for the account", deny(GET, Principal={"AWS": ROOT_ARN}), BOTH, False),
    ("a deny for another account", deny(GET, Principal={"AWS": OTHER_ACCOUNT}), BOTH, True),
    (
        "a deny for all but this role",
        deny(GET, Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": ROLE_ARN}}),
        BOTH,
        True,
    ),
    (
        "a deny for all but another role",
        deny(GET, Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": ROLE_ARN + "2"}}),
        BOTH,
        False,
    ),
    (
        "aws:PrincipalArn is the role's ARN and not the session's",
        deny(
            GET,
            Principal="*",
            Condition={"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:sts::{ACCOUNT}:*/reader/*"}},
        ),
        BOTH,
        False,
    ),
]


@pytest.mark.parametrize(
    ("statement", "identity", "expected"),
    [row[1:] for row in RESOURCE_ROWS],
    ids=[row[0] for row in RESOURCE_ROWS],
)
def test_a_resource_policy_decides_about_reading(statement: Any, identity: Any, expected: bool) -> None:
    where, secret = account(resource_policy=policy(statement))
    assert bool(can_get_secret_value(where, role(identity), secret)) is expected


@pytest.mark.parametrize(
    "principal", [{"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, {"CanonicalUser": "x"}], ids=str
)
def test_a_principal_that_aws_would_refuse_is_an_error(principal: Any) -> None:
    where, secret = account(resource_policy=policy(allow(GET, Principal=principal)))
    with pytest.raises(UndecidableError):
        can_get_secret_value(where, role(BOTH), secret)


def test_not_principal_is_an_error() -> None:
    where, secret = account(resource_policy=policy(deny(GET, NotPrincipal={"AWS": ROLE_ARN})))
    with pytest.raises(UndecidableError):
        can_get_secret_value(where, role(BOTH), secret)


# KMS Developer Guide, "Default key policy" and "Key policies in AWS KMS"
KEY_POLICY_ROWS = [
    ("the account statement lets IAM decide", DELEGATES_TO_IAM, ADMINISTRATOR, True),
    ("the account statement alone grants nothing", DELEGATES_TO_IAM, policy(READ), False),
    ("without it IAM counts for nothing", policy(), ADMINISTRATOR, False),
    (
        "a grant to the role needs no IAM",
        policy(allow("kms:*", Principal={"AWS": ROLE_ARN})),
        policy(READ),
        True,
    ),
    (
        "the account statement for other actions",
        policy(allow("kms:Describe*", Principal={"AWS": ROOT_ARN})),
        ADMINISTRATOR,
        False,
    ),
    (
        "a deny in the key policy",
        policy(allow("kms:*", Principal={"AWS": ROOT_ARN}), deny("kms:Decrypt", Principal={"AWS": ROLE_ARN})),
        ADMINISTRATOR,
        False,
    ),
    ("the AWS managed key asks for nothing", None, policy(READ), True),
]


@pytest.mark.parametrize(
    ("key_policy", "identity", "expected"),
    [row[1:] for row in KEY_POLICY_ROWS],
    ids=[row[0] for row in KEY_POLICY_ROWS],
)
def test_the_key_policy_decides_about_reading(key_policy: Any, identity: Any, expected: bool) -> None:
    where, secret = account(key_policy=key_policy)
    assert bool(can_get_secret_value(where, role(identity), secret)) is expected


def test_decryption_bound_to_secrets_manager_does_not_work_without_it() -> None:
    where, secret = account()
    assert can_use_key(where, role(BOTH), "kms:Decrypt", KEY_ARN, via_secret=secret)
    assert not can_use_key(where, role(BOTH), "kms:Decrypt", KEY_ARN, via_secret=None)
    other = replace(secret, arn=SECRET_ARN.replace("anthropic", "other"))
    assert not can_use_key(where, role(BOTH), "kms:Decrypt", KEY_ARN, via_secret=other)


def test_the_root_user_may_do_everything_in_its_account_unless_denied() -> None:
    root = Principal(ROOT_ARN)
    where, secret = account()
    assert can_get_secret_value(where, root, secret)
    where, secret = account(resource_policy=policy(deny(GET, Principal="*")))
    assert not can_get_secret_value(where, root, secret)
    assert can(where, root, "secretsmanager:DeleteResourcePolicy", secret)


def test_an_anonymous_caller_reads_only_what_is_public() -> None:
    where, secret = account(key_policy=None)
    assert not can_get_secret_value(where, Principal(""), secret)
    where, secret = account(key_policy=None, resource_policy=policy(allow(GET, Principal="*")))
    assert can_get_secret_value(where, Principal(""), secret)


def test_a_caller_of_another_account_needs_both_sides() -> None:
    """Source: "Cross-account policy evaluation logic"."""
    stranger = role(ADMINISTRATOR, arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/admin")
    where, secret = account(key_policy=None)
    assert not can_get_secret_value(where, stranger, secret)
    where, secret = account(
        key_policy=None,
        resource_policy=policy(allow(GET, Principal={"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"})),
    )
    assert can_get_secret_value(where, stranger, secret)
    assert not can_get_secret_value(where, replace(stranger, identity_policies=()), secret)


def test_a_permissions_boundary_caps_identity_policies() -> None:
    """Source: "Permissions boundaries for IAM entities"."""
    where, secret = account()
    assert not can_get_secret_value(where, replace(role(BOTH), boundary=policy(READ)), secret)
    assert can_get_secret_value(where, replace(role(BOTH), boundary=ADMINISTRATOR), secret)


# Secrets Manager User Guide, "Permissions for the KMS key"
def test_storing_a_value_needs_a_data_key_and_decryption_and_moving_a_label_neither() -> None:
    where, secret = account()
    store = allow(["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"], SECRET_ARN)
    put, stage = "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"
    assert not can(where, role(policy(store)), put, secret)
    assert not can(where, role(policy(store, allow("kms:GenerateDataKey"))), put, secret)
    assert can(where, role(policy(store, allow(["kms:GenerateDataKey", "kms:Decrypt"]))), put, secret)
    assert can(where, role(policy(store)), stage, secret)
