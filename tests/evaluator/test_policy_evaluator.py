"""The evaluator decides as AWS documents it. Each row names the page of the documentation it comes from."""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import replace
from typing import Any

import pytest

from tests.evaluator.policy_documents import UndecidableError, conditions_hold, load_document
from tests.evaluator.policy_evaluator import (
    NO_POLICY,
    Account,
    OidcProvider,
    Principal,
    Role,
    Secret,
    can,
    can_assume,
    can_assume_with_token,
    can_get_secret_value,
    can_service_assume,
    can_use_key,
    refused_by_iam,
)

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "999999999999"
SECRET_ARN = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:prod/anthropic-api-key-AbCdEf"
KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-4333-8444-555555555555"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/reader"
ROOT_ARN = f"arn:aws:iam::{ACCOUNT}:root"
GET = "secretsmanager:GetSecretValue"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: Any, resource: Any = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **elements}


DELEGATES_TO_IAM = policy(allow("kms:*", Principal={"AWS": ROOT_ARN}))
ADMINISTRATOR = policy(allow("*"))


def account(
    *, resource_policy: dict[str, Any] | None = None, key_policy: dict[str, Any] | None = DELEGATES_TO_IAM
) -> tuple[Account, Secret]:
    secret = Secret(SECRET_ARN, "prod/anthropic-api-key", KEY_ARN if key_policy else None, resource_policy)
    keys = {KEY_ARN: key_policy} if key_policy else {}
    return Account(ACCOUNT, {}, {}, {secret.name: secret}, keys), secret


def role(*documents: dict[str, Any], arn: str = ROLE_ARN) -> Principal:
    session = f"arn:aws:sts::{arn.split(':')[4]}:assumed-role/{arn.rsplit('/', 1)[-1]}/s"
    return Principal(arn, documents, session_arn=session)


# ---- conditions -----------------------------------------------------------------------------------------

OPERATORS_PAGE = [
    # "IAM JSON policy elements: Condition operators"
    ("equal", {"StringEquals": {"k": "a"}}, {"k": "a"}, True),
    ("equal minds the case", {"StringEquals": {"k": "a"}}, {"k": "A"}, False),
    ("keys don't mind the case", {"StringEquals": {"AWS:X": "a"}}, {"aws:x": "a"}, True),
    ("equal knows no wildcards", {"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
    ("equal to a star that is a star", {"StringEquals": {"k": "a*"}}, {"k": "a*"}, True),
    ("several values are joined by or", {"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
    ("several keys are joined by and", {"StringEquals": {"k": "a", "l": "b"}}, {"k": "a", "l": "c"}, False),
    (
        "several operators are joined by and",
        {"StringEquals": {"k": "a"}, "StringLike": {"k": "b"}},
        {"k": "a"},
        False,
    ),
    ("a missing key fails", {"StringEquals": {"k": "a"}}, {}, False),
    ("a missing key passes what is negated", {"StringNotEquals": {"k": "a"}}, {}, True),
    ("negated values are joined by nor", {"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
    ("negated values are joined by nor, none", {"StringNotEquals": {"k": ["a", "b"]}}, {"k": "c"}, True),
    ("like with a star", {"StringLike": {"k": "repo:o/r:*"}}, {"k": "repo:o/r:ref:refs/heads/x"}, True),
    ("like with a star and nothing left", {"StringLike": {"k": "a*"}}, {"k": "a"}, True),
    ("like with a question mark needs a character", {"StringLike": {"k": "a?"}}, {"k": "a"}, False),
    ("like matches the whole value", {"StringLike": {"k": "a?"}}, {"k": "abc"}, False),
    ("like is no regular expression", {"StringLike": {"k": "a.c"}}, {"k": "abc"}, False),
    ("like runs over line ends", {"StringLike": {"k": "a*"}}, {"k": "a\nb"}, True),
    ("a missing key fails like", {"StringLike": {"k": "*"}}, {}, False),
    ("a missing key passes not like", {"StringNotLike": {"k": "*"}}, {}, True),
    ("not like", {"StringNotLike": {"k": "a*"}}, {"k": "ab"}, False),
    ("ignoring case", {"StringEqualsIgnoreCase": {"k": "Ab"}}, {"k": "aB"}, True),
    ("if it exists, and it doesn't", {"StringEqualsIfExists": {"k": "a"}}, {}, True),
    ("if it exists, and it does", {"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
    ("boolean", {"Bool": {"k": True}}, {"k": "true"}, True),
    ("boolean as text", {"Bool": {"k": "TRUE"}}, {"k": "true"}, True),
    ("a missing boolean fails", {"Bool": {"k": "false"}}, {}, False),
    ("a missing boolean, if it exists", {"BoolIfExists": {"k": "false"}}, {}, True),
    ("null true: the key must be missing", {"Null": {"k": "true"}}, {}, True),
    ("null true, and it is there", {"Null": {"k": "true"}}, {"k": "a"}, False),
    ("null false: the key must be there", {"Null": {"k": False}}, {"k": "a"}, True),
    ("null false, and it is missing", {"Null": {"k": "false"}}, {}, False),
    (
        "an ARN's parts are compared one by one",
        {"ArnLike": {"k": "arn:aws:*:b"}},
        {"k": "arn:aws:iam::1:b"},
        False,
    ),
    (
        "a star stays inside its part",
        {"ArnLike": {"k": "arn:aws:iam:*:role/x"}},
        {"k": "arn:aws:iam::1:role/x"},
        False,
    ),
    (
        "ArnEquals takes wildcards too",
        {"ArnEquals": {"k": "arn:aws:iam::*:role/x"}},
        {"k": "arn:aws:iam::1:role/x"},
        True,
    ),
    (
        "the last part may hold colons",
        {"ArnLike": {"k": "arn:aws:secretsmanager:*:*:secret:*"}},
        {"k": SECRET_ARN},
        True,
    ),
    ("no ARN, no match", {"ArnLike": {"k": "*"}}, {"k": "text"}, False),
    (
        "not like an ARN",
        {"ArnNotLike": {"k": "arn:aws:iam::1:role/*"}},
        {"k": "arn:aws:iam::1:role/x"},
        False,
    ),
    ("a missing ARN passes not like", {"ArnNotLike": {"k": "arn:aws:iam::1:role/x"}}, {}, True),
    ("a missing ARN passes not equal", {"ArnNotEquals": {"k": "arn:aws:iam::1:role/x"}}, {}, True),
    # "Set operators for multivalued context keys"
    (
        "all values, one is foreign",
        {"ForAllValues:StringEquals": {"k": ["a", "b"]}},
        {"k": ("a", "c")},
        False,
    ),
    ("all values listed", {"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ("a", "b")}, True),
    ("all values passes when the key is missing", {"ForAllValues:StringEquals": {"k": "a"}}, {}, True),
    ("any value", {"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ("c", "a")}, True),
    ("any value fails when the key is missing", {"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
    (
        "any value, negated: one that matches none",
        {"ForAnyValue:StringNotEquals": {"k": "a"}},
        {"k": ("a", "b")},
        True,
    ),
    (
        "all values, negated: none may match",
        {"ForAllValues:StringNotEquals": {"k": "a"}},
        {"k": ("a", "b")},
        False,
    ),
    # "IAM policy elements: Variables and tags"
    ("a variable", {"StringEquals": {"k": "${aws:username}"}}, {"k": "ann", "aws:username": "ann"}, True),
    ("a variable's star is no wildcard", {"StringLike": {"k": "${v}"}}, {"k": "ab", "v": "*"}, False),
    ("a star in braces is a star", {"StringLike": {"k": "a${*}"}}, {"k": "ab"}, False),
    ("a default for a missing variable", {"StringEquals": {"k": "${v, 'x'}"}}, {"k": "x"}, True),
]


@pytest.mark.parametrize(
    ("conditions", "context", "expected"),
    [row[1:] for row in OPERATORS_PAGE],
    ids=[row[0] for row in OPERATORS_PAGE],
)
def test_a_condition_holds_as_documented(conditions: Any, context: Any, expected: bool) -> None:
    assert conditions_hold(conditions, context, "2012-10-17") is expected


def test_variables_are_plain_text_in_the_older_version() -> None:
    condition = {"StringEquals": {"k": "${aws:username}"}}
    assert conditions_hold(condition, {"k": "${aws:username}", "aws:username": "ann"}, "2008-10-17")


@pytest.mark.parametrize(
    "conditions",
    [
        {"StringMatches": {"k": "a"}},
        {"ForEachValue:StringEquals": {"k": "a"}},
        {"NumericLessThan": {"k": "3"}},
        {"NullIfExists": {"k": "true"}},
        {"Null": {"k": "perhaps"}},
        {"StringEquals": {"k": "${aws:missing}"}},
    ],
    ids=str,
)
def test_what_the_evaluator_does_not_know_is_an_error_and_never_a_verdict(conditions: Any) -> None:
    with pytest.raises(UndecidableError):
        conditions_hold(conditions, {"k": "a"}, "2012-10-17")


def test_an_operator_for_one_value_on_a_key_with_several_is_an_error() -> None:
    with pytest.raises(UndecidableError):
        conditions_hold({"StringEquals": {"k": "a"}}, {"k": ("a", "b")}, "2012-10-17")


# ---- documents ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["object", "json", "url"])
def test_documents_are_read_in_every_form_that_the_apis_return(form: str) -> None:
    document = policy(allow("a:B", "arn:aws:s3:::x/%2F ü"))
    text = json.dumps(document)
    forms: dict[str, Any] = {"object": document, "json": text, "url": urllib.parse.quote(text)}
    assert load_document(forms[form]) == document


@pytest.mark.parametrize(
    "text",
    [
        '{"Statement": [], "Statements": []}',
        '{"Version": "2012-10-17"}',
        '{"Statement": [], "Statement": []}',
        "[]",
    ],
)
def test_a_document_with_unknown_missing_or_doubled_elements_is_refused(text: str) -> None:
    with pytest.raises((UndecidableError, ValueError)):
        load_document(text)


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "*", "Resources": "*"},
        {"Effect": "allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"},
    ],
    ids=str,
)
def test_a_malformed_statement_of_an_identity_policy_is_refused(statement: dict[str, Any]) -> None:
    where, secret = account()
    with pytest.raises(UndecidableError):
        can_get_secret_value(where, role(policy(statement)), secret)


# ---- reading a secret -----------------------------------------------------------------------------------

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


# ---- roles ----------------------------------------------------------------------------------------------


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
