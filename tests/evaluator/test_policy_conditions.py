"""Conditions hold, and documents are read, as AWS documents it. Each row names its page."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest

from tests.evaluator.evaluated import (
    SECRET_ARN,
    account,
    allow,
    policy,
    role,
)
from tests.evaluator.policy_documents import UndecidableError, conditions_hold, load_document
from tests.evaluator.policy_evaluator import (
    can_get_secret_value,
)

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
