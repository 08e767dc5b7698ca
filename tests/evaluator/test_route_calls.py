"""The evaluator of model calls and identity tokens, against the examples and rules that AWS documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evaluator.policy_documents import UndecidableError, conditions_hold
from tests.evaluator.policy_evaluator import Principal
from tests.evaluator.route_calls import Place, can_call, can_get_token

ROLE = "arn:aws:iam::123456789012:role/caller"
MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
HERE = Place("us-east-1")
PROFILE = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.{MODEL}"


def statement(resource: str, **conditions: str) -> dict[str, Any]:
    named = {name.replace("__", ":"): value for name, value in conditions.items()}
    allowed = {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": [resource]}
    return {**allowed, "Condition": {"StringEquals": named}} if named else allowed


# The three statements of "Global cross-Region inference", all of which AWS says are needed.
GLOBAL = {
    "the profile": statement(PROFILE, aws__RequestedRegion="us-east-1"),
    "the model here": statement(
        f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL}",
        aws__RequestedRegion="us-east-1",
        bedrock__InferenceProfileArn=PROFILE,
    ),
    "the model everywhere": statement(
        f"arn:aws:bedrock:::foundation-model/{MODEL}",
        aws__RequestedRegion="unspecified",
        bedrock__InferenceProfileArn=PROFILE,
    ),
}


def caller(*statements: dict[str, Any]) -> Principal:
    return Principal(ROLE, ({"Version": "2012-10-17", "Statement": list(statements)},))


def test_a_global_profile_takes_the_three_statements_that_aws_documents() -> None:
    assert can_call(caller(*GLOBAL.values()), HERE, f"global.{MODEL}")
    assert not can_call(caller(*GLOBAL.values()), HERE, MODEL)


@pytest.mark.parametrize("missing", GLOBAL)
def test_without_one_of_them_nothing_is_called(missing: str) -> None:
    rest = [each for name, each in GLOBAL.items() if name != missing]
    assert not can_call(caller(*rest), HERE, f"global.{MODEL}")


def test_a_profile_of_a_geography_takes_the_model_of_every_region_that_it_sends_to() -> None:
    profile = statement(f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{MODEL}")
    regions = [
        statement(f"arn:aws:bedrock:{region}::foundation-model/{MODEL}")
        for region in ("us-east-1", "us-west-2")
    ]
    assert can_call(caller(profile, *regions), HERE, f"us.{MODEL}")
    assert not can_call(caller(profile, regions[0]), HERE, f"us.{MODEL}")
    assert not can_call(caller(*regions), HERE, f"us.{MODEL}")


def test_a_denial_of_what_has_no_region_stops_global_profiles_alone() -> None:
    denied = {
        "Effect": "Deny",
        "Action": "bedrock:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "unspecified"}},
    }
    everything = statement("*")
    assert not can_call(caller(everything, denied), HERE, f"global.{MODEL}")
    assert can_call(caller(everything, denied), HERE, f"us.{MODEL}")


# The sample of "Controlling access with IAM policies" of outbound identity federation.
SAMPLE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:GetWebIdentityToken",
            "Resource": "*",
            "Condition": {
                "ForAnyValue:StringEquals": {
                    "sts:IdentityTokenAudience": ["https://api1.example.com", "https://api2.example.com"]
                },
                "NumericLessThanEquals": {"sts:DurationSeconds": 300},
                "StringEquals": {"sts:SigningAlgorithm": "RS256"},
            },
        }
    ],
}


@pytest.mark.parametrize(
    ("audiences", "seconds", "expected"),
    [
        (("https://api1.example.com",), 300, True),
        (("https://api1.example.com",), 301, False),
        (("https://api1.example.com",), None, False),
        (("https://api3.example.com",), 300, False),
        (("https://api1.example.com", "https://api3.example.com"), 300, True),
        ((), 300, False),
    ],
)
def test_a_token_is_given_as_aws_documents(
    audiences: tuple[str, ...], seconds: int | None, expected: bool
) -> None:
    assert bool(can_get_token(Principal(ROLE, (SAMPLE,)), *audiences, seconds=seconds)) is expected


def test_a_numeric_operator_on_a_text_is_an_error_and_never_a_verdict() -> None:
    with pytest.raises(UndecidableError, match="a numeric operator compares numbers"):
        conditions_hold({"NumericLessThanEquals": {"a": "many"}}, {"a": "1"}, "2012-10-17")
