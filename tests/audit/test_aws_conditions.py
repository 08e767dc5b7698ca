"""Condition operators, set operators and condition keys, as AWS's documents have them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    REGION,
    SECRET,
    allow,
    deny,
    document,
    role,
    secret,
    snapshot,
    user,
    verdict_of,
    when,
)
from tests.audit.aws_cases import ALLOW, DENY, IAM, OPEN, SECRETS_MANAGER, UNKNOWN, Case, ann, under

OPERATORS = (
    "IAM JSON policy elements: Condition operators: "
    f"{IAM}/reference_policies_elements_condition_operators.html"
)
SETS = (
    "Set operators for multivalued context keys: "
    f"{IAM}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
)
SEVERAL = (
    "Conditions with multiple context keys or values: "
    f"{IAM}/reference_policies_condition-logic-multiple-context-keys-or-values.html"
)
KEYS = f"AWS global condition context keys: {IAM}/reference_policies_condition-keys.html"
OWN_KEYS = (
    "Actions, resources, and condition keys for AWS Secrets Manager: "
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html"
)
VARIABLES = f"IAM policy elements: Variables and tags: {IAM}/reference_policies_variables.html"
SECRET_POLICIES = f"Resource-based policies: {SECRETS_MANAGER}/auth-and-access_resource-policies.html"

TAGGED: dict[str, Any] = {
    "Tags": [
        {"Key": "team", "Value": "Search"},
        {"Key": "level", "Value": "7"},
        {"Key": "until", "Value": "2027-01-01T00:00:00Z"},
        {"Key": "on", "Value": "true"},
        {"Key": "net", "Value": "10.1.2.3"},
        {"Key": "net6", "Value": "2001:db8::7"},
        {"Key": "arn", "Value": "arn:aws:sns:eu-west-1:111122223333:topic/a:b"},
        {"Key": "raw", "Value": "QmluYXJ5"},
    ]
}
TEAM, GONE = "aws:PrincipalTag/team", "aws:PrincipalTag/gone"
# What the principal's own tags make of each operator: the condition, and whether it holds.
HOLDS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "StringEquals has its case": (OPERATORS, {"StringEquals": {TEAM: "search"}}, False),
    "StringEquals": (OPERATORS, {"StringEquals": {TEAM: "Search"}}, True),
    "StringEquals takes a star for a star": (OPERATORS, {"StringEquals": {TEAM: "S*"}}, False),
    "StringNotEquals": (OPERATORS, {"StringNotEquals": {TEAM: "ml"}}, True),
    "StringEqualsIgnoreCase": (OPERATORS, {"StringEqualsIgnoreCase": {TEAM: "SEARCH"}}, True),
    "StringNotEqualsIgnoreCase": (OPERATORS, {"StringNotEqualsIgnoreCase": {TEAM: "SEARCH"}}, False),
    "StringLike has wildcards": (OPERATORS, {"StringLike": {TEAM: "S??r*"}}, True),
    "StringLike has its case": (OPERATORS, {"StringLike": {TEAM: "s*"}}, False),
    "StringNotLike": (OPERATORS, {"StringNotLike": {TEAM: "S*"}}, False),
    "StringLike takes a literal star for a star": (VARIABLES, {"StringLike": {TEAM: "${*}"}}, False),
    "NumericEquals": (OPERATORS, {"NumericEquals": {"aws:PrincipalTag/level": "7.0"}}, True),
    "NumericNotEquals": (OPERATORS, {"NumericNotEquals": {"aws:PrincipalTag/level": 7}}, False),
    "NumericLessThan": (OPERATORS, {"NumericLessThan": {"aws:PrincipalTag/level": 10}}, True),
    "NumericLessThanEquals": (OPERATORS, {"NumericLessThanEquals": {"aws:PrincipalTag/level": 7}}, True),
    "NumericGreaterThan": (OPERATORS, {"NumericGreaterThan": {"aws:PrincipalTag/level": 7}}, False),
    "NumericGreaterThanEquals": (
        OPERATORS,
        {"NumericGreaterThanEquals": {"aws:PrincipalTag/level": "7"}},
        True,
    ),
    "a number of text that is none": (OPERATORS, {"NumericLessThan": {TEAM: 10}}, False),
    "DateEquals": (OPERATORS, {"DateEquals": {"aws:PrincipalTag/until": "2027-01-01T01:00:00+01:00"}}, True),
    "DateNotEquals": (OPERATORS, {"DateNotEquals": {"aws:PrincipalTag/until": "2027"}}, False),
    "DateLessThan": (OPERATORS, {"DateLessThan": {"aws:PrincipalTag/until": "2027-01-02"}}, True),
    "DateLessThanEquals": (OPERATORS, {"DateLessThanEquals": {"aws:PrincipalTag/until": "2027-01"}}, True),
    "DateGreaterThan of seconds since 1970": (
        OPERATORS,
        {"DateGreaterThan": {"aws:PrincipalTag/until": "1798761599"}},
        True,
    ),
    "DateGreaterThanEquals": (
        OPERATORS,
        {"DateGreaterThanEquals": {"aws:PrincipalTag/until": 1798761601}},
        False,
    ),
    "Bool": (OPERATORS, {"Bool": {"aws:PrincipalTag/on": "True"}}, True),
    "Bool of JSON's own": (OPERATORS, {"Bool": {"aws:PrincipalTag/on": False}}, False),
    "BinaryEquals": (OPERATORS, {"BinaryEquals": {"aws:PrincipalTag/raw": "QmluYXJ5"}}, True),
    "IpAddress": (OPERATORS, {"IpAddress": {"aws:PrincipalTag/net": "10.0.0.0/8"}}, True),
    "IpAddress without a range is one address": (
        OPERATORS,
        {"IpAddress": {"aws:PrincipalTag/net": "10.1.2.3"}},
        True,
    ),
    "NotIpAddress": (OPERATORS, {"NotIpAddress": {"aws:PrincipalTag/net": "10.0.0.0/8"}}, False),
    "IpAddress of IPv6": (OPERATORS, {"IpAddress": {"aws:PrincipalTag/net6": "2001:DB8::/32"}}, True),
    "an address of the other version is outside": (
        OPERATORS,
        {"NotIpAddress": {"aws:PrincipalTag/net6": "10.0.0.0/8"}},
        True,
    ),
    "ArnEquals has wildcards": (
        OPERATORS,
        {"ArnEquals": {"aws:PrincipalTag/arn": "arn:aws:sns:*:111122223333:topic/*"}},
        True,
    ),
    "ArnLike is the same": (
        OPERATORS,
        {"ArnLike": {"aws:PrincipalTag/arn": "arn:aws:sns:*:*:topic/?:b"}},
        True,
    ),
    "a star of ArnLike keeps to its component": (
        OPERATORS,
        {"ArnLike": {"aws:PrincipalTag/arn": "arn:aws:sns:*:topic/*"}},
        False,
    ),
    "a star of StringLike does not": (
        OPERATORS,
        {"StringLike": {"aws:PrincipalTag/arn": "arn:aws:sns:*:topic/*"}},
        True,
    ),
    "ArnNotEquals": (OPERATORS, {"ArnNotEquals": {"aws:PrincipalTag/arn": "arn:aws:sqs:*:*:*"}}, True),
    "ArnNotLike": (OPERATORS, {"ArnNotLike": {"aws:PrincipalTag/arn": "arn:aws:sns:*:*:*"}}, False),
    "one of several values is enough": (SEVERAL, {"StringEquals": {TEAM: ["ml", "Search"]}}, True),
    "none of several values may be equal": (SEVERAL, {"StringNotEquals": {TEAM: ["ml", "Search"]}}, False),
    "all keys have to hold": (SEVERAL, {"StringEquals": {TEAM: "Search", "aws:username": "bob"}}, False),
    "all operators have to hold": (
        SEVERAL,
        {"StringEquals": {TEAM: "Search"}, "Bool": {"aws:PrincipalTag/on": "false"}},
        False,
    ),
    "a key that is missing does not match": (OPERATORS, {"StringLike": {GONE: "*"}}, False),
    "a key that is missing matches what is negated": (OPERATORS, {"StringNotEquals": {GONE: "x"}}, True),
    "and so with several values": (OPERATORS, {"StringNotLike": {GONE: ["x", "*"]}}, True),
    "and with addresses": (OPERATORS, {"NotIpAddress": {GONE: "10.0.0.0/8"}}, True),
    "and with ARNs": (OPERATORS, {"ArnNotLike": {GONE: "arn:aws:iam::*:role/x"}}, True),
    "and with numbers": (OPERATORS, {"NumericNotEquals": {GONE: "1"}}, True),
    "and with dates": (OPERATORS, {"DateNotEquals": {GONE: "2027"}}, True),
    "a missing truth value is neither": (OPERATORS, {"Bool": {GONE: ["true", "false"]}}, False),
    "IfExists of a key that is missing": (OPERATORS, {"StringEqualsIfExists": {GONE: "x"}}, True),
    "IfExists of numbers that are missing": (OPERATORS, {"NumericLessThanIfExists": {GONE: "1"}}, True),
    "IfExists of a key that is there": (OPERATORS, {"StringEqualsIfExists": {TEAM: "x"}}, False),
    "IfExists of a negation": (OPERATORS, {"StringNotEqualsIfExists": {TEAM: "Search"}}, False),
    "Null of a key that is missing": (OPERATORS, {"Null": {GONE: "true"}}, True),
    "Null of a key that is there": (OPERATORS, {"Null": {TEAM: True}}, False),
    "not Null of a key that is there": (OPERATORS, {"Null": {TEAM: "false"}}, True),
    "not Null of a key that is missing": (OPERATORS, {"Null": {GONE: False}}, False),
    "ForAllValues of a key that is missing": (SETS, {"ForAllValues:StringEquals": {GONE: "x"}}, True),
    "ForAllValues negated of a key that is missing": (
        SETS,
        {"ForAllValues:StringNotEquals": {GONE: "x"}},
        True,
    ),
    "ForAnyValue of a key that is missing": (SETS, {"ForAnyValue:StringEquals": {GONE: "x"}}, False),
    "ForAnyValue negated of a key that is missing": (
        SETS,
        {"ForAnyValue:StringNotEquals": {GONE: "x"}},
        False,
    ),
    "ForAnyValue of one value": (SETS, {"ForAnyValue:StringLike": {TEAM: "S*"}}, True),
    "an operator's name has no case": (OPERATORS, {"stringequals": {TEAM: "Search"}}, True),
    "a variable in a condition": (VARIABLES, {"StringEquals": {TEAM: "${aws:PrincipalTag/team}"}}, True),
    "a variable's default in a condition": (
        VARIABLES,
        {"StringEquals": {TEAM: "${aws:PrincipalTag/gone, 'Search'}"}},
        True,
    ),
    "a variable without a value in a condition": (
        VARIABLES,
        {"StringEquals": {TEAM: "${aws:PrincipalTag/gone}"}},
        False,
    ),
    "a variable without a value is unlike everything": (
        VARIABLES,
        {"StringNotEquals": {TEAM: "${aws:PrincipalTag/gone}"}},
        True,
    ),
}


@pytest.mark.parametrize(("source", "condition", "holds"), HOLDS.values(), ids=HOLDS)
def test_a_condition_lets_in_and_keeps_out_as_the_document_says(
    source: str, condition: dict[str, Any], holds: bool
) -> None:
    assert verdict_of(under(condition, **TAGGED)) is (ALLOW if holds else DENY), source
    denied = ann(allow(), deny(Condition=condition), **TAGGED)
    assert verdict_of(denied) is (DENY if holds else ALLOW), source


# Keys with several values: the snapshot's own context can say them.
MANY = {"context": {"aws:CurrentTime": "2026-11-21T12:00:00Z", "aws:TagKeys": ["a", "b"]}}
SETS_OF_VALUES: dict[str, tuple[dict[str, Any], bool]] = {
    "all of the request's values are among the policy's": (
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}},
        True,
    ),
    "one of the request's values is not": ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "c"]}}, False),
    "any of them is": ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["b", "c"]}}, True),
    "none of them is": ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["c"]}}, False),
    "none of all is": ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["c"]}}, True),
    "one of all is": ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}, False),
    "any is not": ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}, True),
    "each is": ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}, False),
    "with wildcards": ({"ForAllValues:StringLike": {"aws:TagKeys": "?"}}, True),
}


@pytest.mark.parametrize(("condition", "holds"), SETS_OF_VALUES.values(), ids=SETS_OF_VALUES)
def test_set_operators_weigh_each_value_of_a_request(condition: dict[str, Any], holds: bool) -> None:
    assert verdict_of(under(condition), **MANY) is (ALLOW if holds else DENY), SETS


LINKED = role("r", document(allow(Condition={"StringEquals": {"aws:PrincipalType": "AssumedRole"}})))
CASES = {
    "aws:CurrentTime before": Case(
        ALLOW, KEYS, under({"DateLessThan": {"aws:CurrentTime": "2026-11-21T12:00:01Z"}})
    ),
    "aws:CurrentTime after": Case(
        DENY, KEYS, under({"DateGreaterThan": {"aws:CurrentTime": "2026-11-21T12:00:01Z"}})
    ),
    "aws:EpochTime, which the time says": Case(
        ALLOW, KEYS, under({"NumericLessThan": {"aws:EpochTime": "1800000000"}})
    ),
    "aws:EpochTime as a date": Case(DENY, KEYS, under({"DateGreaterThan": {"aws:EpochTime": "2027-01-01"}})),
    "the time, where the snapshot does not say it": Case(
        OPEN, KEYS, under({"DateLessThan": {"aws:CurrentTime": "2027"}}), {"context": {}}
    ),
    "what the snapshot's context says is known": Case(
        ALLOW,
        KEYS,
        under({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        {"context": {**snapshot()["context"], "aws:SourceIp": "10.9.9.9"}},
    ),
    "and denies as well": Case(
        DENY,
        KEYS,
        under({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        {"context": {**snapshot()["context"], "aws:MultiFactorAuthPresent": False}},
    ),
    "aws:SourceIp": Case(OPEN, KEYS, under({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
    "aws:SourceVpc": Case(OPEN, KEYS, under({"StringEquals": {"aws:SourceVpc": "vpc-1"}})),
    "aws:SourceVpce that must not be there": Case(OPEN, KEYS, under({"Null": {"aws:SourceVpce": "true"}})),
    "aws:MultiFactorAuthAge": Case(OPEN, KEYS, under({"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}})),
    "aws:TokenIssueTime": Case(OPEN, KEYS, under({"DateGreaterThan": {"aws:TokenIssueTime": "2026"}})),
    "aws:SecureTransport": Case(DENY, KEYS, under({"Bool": {"aws:SecureTransport": "false"}})),
    "aws:ViaAWSService of a call of its own": Case(
        DENY, KEYS, under({"Bool": {"aws:ViaAWSService": "true"}})
    ),
    "aws:CalledVia of a call of its own": Case(
        DENY, KEYS, under({"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}})
    ),
    "aws:RequestedRegion is the secret's": Case(
        ALLOW, KEYS, under({"StringEquals": {"aws:RequestedRegion": REGION}})
    ),
    "aws:ResourceAccount": Case(ALLOW, KEYS, under({"StringEquals": {"aws:ResourceAccount": ACCOUNT}})),
    "aws:PrincipalAccount": Case(DENY, KEYS, under({"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}})),
    "aws:PrincipalType of a role": Case(ALLOW, KEYS, LINKED),
    "aws:PrincipalIsAWSService": Case(ALLOW, KEYS, under({"Bool": {"aws:PrincipalIsAWSService": "false"}})),
    "aws:username is a user's alone": Case(
        DENY, KEYS, role("r", document(allow(**when(StringLike={"aws:username": "*"}))))
    ),
    "aws:userid of a role's session": Case(
        ALLOW, KEYS, role("r", document(allow(**when(StringLike={"aws:userid": "AROAR:*"}))))
    ),
    "aws:userid of one session": Case(
        OPEN, KEYS, role("r", document(allow(**when(StringEquals={"aws:userid": "AROAR:build"}))))
    ),
    "aws:PrincipalArn of a role's session is the role's": Case(
        ALLOW,
        KEYS,
        role("r", document(allow(**when(ArnEquals={"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/r"})))),
    ),
    "aws:SourceArn of a principal's own call": Case(
        DENY, KEYS, under({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}})
    ),
    "aws:PrincipalOrgID outside an organization": Case(
        DENY, KEYS, under({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    ),
    "a request's tags, which reading has none of": Case(
        DENY, KEYS, under({"StringEquals": {"aws:RequestTag/team": "x"}})
    ),
    "secretsmanager:SecretId by the ARN": Case(
        ALLOW, OWN_KEYS, under({"StringEquals": {"secretsmanager:SecretId": SECRET}})
    ),
    "secretsmanager:SecretId by the ARN without its suffix": Case(
        ALLOW, OWN_KEYS, under({"StringEquals": {"secretsmanager:SecretId": SECRET[:-7]}})
    ),
    "secretsmanager:VersionStage that is current": Case(
        ALLOW, OWN_KEYS, under({"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}})
    ),
    "secretsmanager:VersionStage that is not": Case(
        DENY, OWN_KEYS, under({"StringEquals": {"secretsmanager:VersionStage": "AWSPENDING"}})
    ),
    "secretsmanager:VersionId, which nobody knows": Case(
        OPEN, OWN_KEYS, under({"StringEquals": {"secretsmanager:VersionId": "x"}})
    ),
    "kms:CallerAccount is no key of Secrets Manager": Case(
        DENY, OWN_KEYS, under({"StringEquals": {"kms:CallerAccount": ACCOUNT}})
    ),
    "kms:EncryptionContextKeys is none either": Case(
        DENY, OWN_KEYS, under({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "SecretARN"}})
    ),
    "a tag of the secret": Case(
        ALLOW,
        OWN_KEYS,
        under({"StringEquals": {"aws:ResourceTag/Team": "ml", "secretsmanager:ResourceTag/team": "ml"}}),
        {"secrets": [secret(Tags=[{"Key": "team", "Value": "ml"}])]},
    ),
    "a key that AWS does not have": Case(UNKNOWN, KEYS, under({"StringEquals": {"aws:Nothing": "x"}})),
    "a key that the service does not have": Case(
        UNKNOWN, OWN_KEYS, under({"StringEquals": {"secretsmanager:Nothing": "x"}})
    ),
    "an operator that AWS does not have": Case(
        UNKNOWN, OPERATORS, under({"StringMatches": {"aws:username": "ann"}})
    ),
    "IfExists with Null, which there is not": Case(
        UNKNOWN, OPERATORS, under({"NullIfExists": {"aws:username": "false"}})
    ),
    "a value that Null does not have": Case(UNKNOWN, OPERATORS, under({"Null": {"aws:username": "no"}})),
    "a value that Bool does not have": Case(
        UNKNOWN, OPERATORS, under({"Bool": {"aws:SecureTransport": "yes"}})
    ),
    "a range that is none": Case(UNKNOWN, OPERATORS, under({"IpAddress": {"aws:PrincipalTag/x": "10/99"}})),
    "unknown or denied is denied": Case(
        DENY, OPERATORS, under({"StringEquals": {"aws:Nothing": "x", "aws:username": "bob"}})
    ),
    "a denial with a key that AWS does not have": Case(
        UNKNOWN, KEYS, ann(allow(), deny(Condition={"StringEquals": {"aws:Nothing": "x"}}))
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_key_is_what_the_document_says(case: Case) -> None:
    assert case.verdict() is case.expected, case.source


def test_a_secret_may_be_asked_for_by_its_name_in_its_own_account_alone() -> None:
    by_name = {
        **allow(**when(StringEquals={"secretsmanager:SecretId": "prod/anthropic-api-key"})),
        "Principal": "*",
    }
    assert verdict_of(user("ann"), secrets=[secret(document(by_name))]) is ALLOW, SECRET_POLICIES
