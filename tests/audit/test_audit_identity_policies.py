"""Identity policies: actions, resources, conditions and variables, as AWS documents them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from keyplan.audit.policies.grades import Verdict
from tests.audit.accounts import (
    ACCOUNT,
    READ,
    REGION,
    SECRET,
    allow,
    attached,
    deny,
    details,
    document,
    estate_of,
    managed,
    role,
    secret,
    user,
    verdict_of,
    when,
)

ALLOW, DENY, OPEN, UNKNOWN = Verdict.ALLOW, Verdict.DENY, Verdict.CONDITIONAL, Verdict.UNKNOWN
TEAM: dict[str, Any] = {"Tags": [{"Key": "team", "Value": "search"}]}

# Source: IAM User Guide, "IAM JSON policy elements reference" and its pages (checked 2026-11-21).
STATEMENTS: dict[str, tuple[list[dict[str, Any]], Verdict]] = {
    "nothing": ([], DENY),
    "the action and the secret": ([allow(READ, SECRET)], ALLOW),
    "the action in another case": ([allow("SecretsManager:getsecretvalue")], ALLOW),
    "a wildcard in the action": ([allow("secretsmanager:Get*")], ALLOW),
    "a question mark for one character": ([allow("secretsmanager:GetSecretValu?")], ALLOW),
    "another action": ([allow("secretsmanager:DescribeSecret")], DENY),
    "everything but an action": ([{**allow(), "NotAction": "iam:*", "Action": None}], ALLOW),
    "everything but this action": ([{**allow(), "NotAction": READ, "Action": None}], DENY),
    "the suffix as six question marks": ([allow(READ, SECRET[:-6] + "??????")], ALLOW),
    "five question marks": ([allow(READ, SECRET[:-6] + "?????")], DENY),
    "a star over colons": ([allow(READ, "arn:aws:secretsmanager:*")], ALLOW),
    "the secret in another case": ([allow(READ, SECRET.replace("prod", "Prod"))], DENY),
    "another secret": ([allow(READ, SECRET.replace("prod", "dev"))], DENY),
    "all but another secret": ([{**allow(), "NotResource": "*dev/*", "Resource": None}], ALLOW),
    "all but this secret": ([{**allow(), "NotResource": SECRET, "Resource": None}], DENY),
    "a denial beside": ([allow(), deny()], DENY),
    "a denial of another secret beside": ([allow(), deny(READ, "*dev/*")], ALLOW),
    "a denial of all but another action": ([allow(), {**deny(), "NotAction": "iam:*", "Action": None}], DENY),
}


def _clean(statement: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if value is not None}


@pytest.mark.parametrize(("statements", "expected"), STATEMENTS.values(), ids=STATEMENTS)
def test_a_statement_is_about_its_actions_and_resources(
    statements: list[dict[str, Any]], expected: Verdict
) -> None:
    assert verdict_of(user("ann", document(*map(_clean, statements)))) is expected


# Source: IAM User Guide, "Condition operators", "Set operators", "Global condition context keys".
CONDITIONS: dict[str, tuple[dict[str, Any], Verdict]] = {
    "a name that is equal": ({"StringEquals": {"aws:username": "ann"}}, ALLOW),
    "a key in another case": ({"StringEquals": {"AWS:UserName": "ann"}}, ALLOW),
    "a value in another case": ({"StringEquals": {"aws:username": "Ann"}}, DENY),
    "a value in another case, where it does not count": (
        {"StringEqualsIgnoreCase": {"aws:username": "ANN"}},
        ALLOW,
    ),
    "one of several values": ({"StringEquals": {"aws:username": ["bob", "ann"]}}, ALLOW),
    "none of several values": ({"StringNotEquals": {"aws:username": ["bob", "ann"]}}, DENY),
    "a wildcard under StringLike": ({"StringLike": {"aws:username": "a*"}}, ALLOW),
    "a wildcard under StringEquals is a character": ({"StringEquals": {"aws:username": "a*"}}, DENY),
    "two keys that both have to hold": (
        {"StringEquals": {"aws:username": "ann", "aws:PrincipalType": "AssumedRole"}},
        DENY,
    ),
    "two operators that both have to hold": (
        {"StringEquals": {"aws:username": "ann"}, "StringLike": {"aws:PrincipalArn": "*/bob"}},
        DENY,
    ),
    "a tag that the principal has": ({"StringEquals": {"aws:PrincipalTag/team": "search"}}, ALLOW),
    "a tag's key in another case": ({"StringEquals": {"aws:PrincipalTag/TEAM": "search"}}, ALLOW),
    "a tag that it lacks": ({"StringEquals": {"aws:PrincipalTag/cost": "1"}}, DENY),
    "a tag that it lacks, not equal": ({"StringNotEquals": {"aws:PrincipalTag/cost": "1"}}, ALLOW),
    "a tag that it lacks, if it exists": ({"StringEqualsIfExists": {"aws:PrincipalTag/cost": "1"}}, ALLOW),
    "a tag that is null": ({"Null": {"aws:PrincipalTag/cost": "true"}}, ALLOW),
    "a tag that is not null": ({"Null": {"aws:PrincipalTag/team": "false"}}, ALLOW),
    "a tag that is null and is not": ({"Null": {"aws:PrincipalTag/team": "true"}}, DENY),
    "a tag of the secret": ({"StringEquals": {"aws:ResourceTag/team": "search"}}, ALLOW),
    "a tag of the secret, the service's own key": (
        {"StringEquals": {"secretsmanager:ResourceTag/team": "search"}},
        ALLOW,
    ),
    "the secret's tag like the principal's": (
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        ALLOW,
    ),
    "the secret's tag like one that the principal lacks": (
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/cost}"}},
        DENY,
    ),
    "a variable with a default": (
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/cost, 'search'}"}},
        ALLOW,
    ),
    "an address": ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, OPEN),
    "not an address": ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, OPEN),
    "an address, which no VPC endpoint passes on": ({"Null": {"aws:SourceIp": "true"}}, OPEN),
    "MFA": ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, OPEN),
    "a VPC endpoint": ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, OPEN),
    "TLS, which every call has": ({"Bool": {"aws:SecureTransport": "true"}}, ALLOW),
    "no TLS": ({"Bool": {"aws:SecureTransport": False}}, DENY),
    "a date that is past": ({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, DENY),
    "a date that is to come": ({"DateLessThan": {"aws:CurrentTime": "2027-01-01"}}, ALLOW),
    "the region": ({"StringEquals": {"aws:RequestedRegion": REGION}}, ALLOW),
    "another region": ({"StringNotEquals": {"aws:RequestedRegion": REGION}}, DENY),
    "an ARN part by part": ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, ALLOW),
    "an ARN whose star would have to cross a colon": (
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:*:user/ann"}},
        DENY,
    ),
    "what only a service's own call has": ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, DENY),
    "the same if it exists": ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, ALLOW),
    "all of none": ({"ForAllValues:StringEquals": {"aws:TagKeys": "x"}}, ALLOW),
    "any of none": ({"ForAnyValue:StringEquals": {"aws:TagKeys": "x"}}, DENY),
    "the stage that the caller asks for": (
        {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        ALLOW,
    ),
    "another stage": ({"StringEquals": {"secretsmanager:VersionStage": "AWSPREVIOUS"}}, DENY),
    "the name that the caller asks by": (
        {"StringEquals": {"secretsmanager:SecretId": "prod/anthropic-api-key"}},
        ALLOW,
    ),
    "the ARN that the caller asks by": ({"StringEquals": {"secretsmanager:SecretId": SECRET}}, ALLOW),
    "a key of another service that is known": ({"StringEquals": {"kms:ViaService": "x"}}, DENY),
    "a key that nobody knows": ({"StringEquals": {"example:Key": "x"}}, UNKNOWN),
    "an operator that nobody knows": ({"StringResembles": {"aws:username": "ann"}}, UNKNOWN),
    "a number that is none": ({"NumericLessThan": {"aws:MultiFactorAuthAge": "soon"}}, UNKNOWN),
    "a date that is none": ({"DateLessThan": {"aws:CurrentTime": "soon"}}, UNKNOWN),
}


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_is_weighed_by_what_a_snapshot_can_know(
    condition: dict[str, Any], expected: Verdict
) -> None:
    ann = user("ann", document(allow(Condition=condition)), **TEAM)
    assert verdict_of(ann, secrets=[secret(**TEAM)]) is expected


@pytest.mark.parametrize(("condition", "allowed"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_denial_under_a_condition_takes_away_what_the_condition_gives(
    condition: dict[str, Any], allowed: Verdict
) -> None:
    """But for what the caller chooses itself: it asks by another name, or without a stage."""
    chosen = "secretsmanager:VersionStage" in str(condition) or "secretsmanager:SecretId" in str(condition)
    ann = user("ann", document(allow(), deny(Condition=condition)), **TEAM)
    found = verdict_of(ann, secrets=[secret(**TEAM)])
    inverted = {ALLOW: ALLOW if chosen else DENY, DENY: ALLOW, OPEN: OPEN, UNKNOWN: UNKNOWN}
    assert found is inverted[allowed]


def test_variables_are_text_in_the_older_version() -> None:
    statement = allow(**when(StringEquals={"aws:username": "${aws:username}"}))
    assert verdict_of(user("ann", document(statement))) is ALLOW
    assert verdict_of(user("ann", document(statement, version="2008-10-17"))) is DENY


def test_a_variable_in_a_resource_is_the_callers() -> None:
    statement = allow(READ, "arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/stage}/*")
    ann = user("ann", document(statement), Tags=[{"Key": "stage", "Value": "prod"}])
    bob = user("bob", document(statement), Tags=[{"Key": "stage", "Value": "*"}])
    assert verdict_of(ann) is ALLOW
    assert verdict_of(bob) is DENY, "a tag's own star is no wildcard"
    assert verdict_of(user("cat", document(statement))) is DENY


ROLE_CONDITIONS: dict[str, tuple[dict[str, Any], Verdict]] = {
    "a session's id by its role": ({"StringLike": {"aws:userid": "AROAREADER:*"}}, ALLOW),
    "one session's id": ({"StringLike": {"aws:userid": "AROAREADER:build"}}, OPEN),
    "another role's session": ({"StringLike": {"aws:userid": "AROAOTHER:*"}}, DENY),
    "the role's ARN": ({"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/reader"}}, ALLOW),
    "a user's name, which a role has not": ({"StringLike": {"aws:username": "*"}}, DENY),
}


@pytest.mark.parametrize(("condition", "expected"), ROLE_CONDITIONS.values(), ids=ROLE_CONDITIONS)
def test_a_role_is_seen_as_its_sessions(condition: dict[str, Any], expected: Verdict) -> None:
    assert verdict_of(role("reader", document(allow(Condition=condition)))) is expected


def test_a_tag_that_a_role_lacks_may_come_with_its_session_where_the_trust_lets_it() -> None:
    statement = document(allow(**when(StringEquals={"aws:PrincipalTag/team": "search"})))
    tagging = document(
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    )
    assert verdict_of(role("reader", statement)) is DENY
    assert verdict_of(role("reader", statement, trust=tagging)) is OPEN


def test_policies_come_from_groups_and_from_managed_policies() -> None:
    group = {
        "GroupName": "readers",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/readers",
        "GroupPolicyList": [],
        "AttachedManagedPolicies": [attached("read")],
    }
    ann = user("ann", GroupList=["readers"])
    there = details(ann, groups=[group], policies=[managed("read", document(allow()))])
    assert verdict_of(authorization_details=there) is ALLOW


def test_a_managed_policy_that_is_missing_makes_the_verdict_unknown_and_never_a_denial() -> None:
    ann = user("ann", AttachedManagedPolicies=[attached("gone")])
    assert verdict_of(ann) is UNKNOWN
    sure = user("ann", document(deny()), AttachedManagedPolicies=[attached("gone")])
    assert verdict_of(sure) is DENY


FORMS = {
    "an object": lambda given: given,
    "JSON text": json.dumps,
    "URL-encoded JSON text": lambda given: quote(json.dumps(given)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_document_may_come_in_each_form_that_the_apis_have(form: Any) -> None:
    assert verdict_of(user("ann", form(document(allow())))) is ALLOW


def test_a_statement_may_stand_alone_and_so_may_its_values() -> None:
    assert verdict_of(user("ann", {"Version": "2012-10-17", "Statement": allow()})) is ALLOW


UNREADABLE = {
    "no JSON": "{",
    "no object": "[]",
    "nothing": None,
    "no statement": {"Version": "2012-10-17"},
    "a version that is none": {"Version": "2020-01-01", "Statement": []},
    "an effect that is none": document({**allow(), "Effect": "Permit"}),
    "an element that is none": document({**allow(), "Conditions": {}}),
    "an action beside its negation": document({**allow(), "NotAction": "*"}),
    "deep nesting": "[" * 10_000 + "]" * 10_000,
    "ten megabytes": json.dumps(document(allow(READ, "x" * 10_000_000))),
    "a name twice": '{"Version": "2012-10-17", "Statement": [], "Statement": []}',
}


@pytest.mark.parametrize("policy", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_said_and_makes_the_verdict_unknown(policy: Any) -> None:
    estate = estate_of(user("ann", policy))
    assert estate.reads(estate.callers[0]).verdict(1) is UNKNOWN
    named = f"arn:aws:iam::{ACCOUNT}:user/ann p0"
    assert any(problem.startswith(named) for problem in estate.snapshot.problems)
