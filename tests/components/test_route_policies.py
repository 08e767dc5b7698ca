"""What a keyless route lets a principal do on AWS, judged by an evaluator that knows nothing of this code."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.aws.account import Account
from components.aws.policy.documents import render
from components.aws.policy.quotas import INLINE_POLICIES_OF_ROLE_CHARACTERS, MANAGED_POLICY_CHARACTERS
from components.aws.policy.routes import (
    IDENTITY_TOKEN_SECONDS,
    call_claude_document,
    identity_token_document,
)
from tests.components.catalogues import ACCOUNT
from tests.evaluator.policy_evaluator import Principal
from tests.evaluator.route_calls import (
    INVOKE,
    Place,
    can_ask_about,
    can_call,
    can_call_by_application_profile,
    can_get_token,
)

ROLE_ARN = "arn:aws:iam::123456789012:role/prod-chat-reader"
HERE = Place()
CLAUDE = "anthropic.claude-sonnet-4-6-v1:0"
AUDIENCE = "https://api.anthropic.com"
CALLER = Principal(ROLE_ARN, (call_claude_document(ACCOUNT, "eu-west-1"),))
PROVER = Principal(ROLE_ARN, (identity_token_document(AUDIENCE),))


@pytest.mark.parametrize("action", INVOKE)
@pytest.mark.parametrize("model", [CLAUDE, f"eu.{CLAUDE}", f"global.{CLAUDE}"])
def test_claude_can_be_called_by_its_name_and_by_every_profile(model: str, action: str) -> None:
    assert can_call(CALLER, HERE, model, action)


@pytest.mark.parametrize("action", INVOKE)
@pytest.mark.parametrize("model", [f"eu.{CLAUDE}", f"global.{CLAUDE}"])
def test_claude_can_be_called_by_a_profile_of_the_account(model: str, action: str) -> None:
    assert can_call_by_application_profile(CALLER, HERE, "abc123def456", model, action)


@pytest.mark.parametrize("model", ["amazon.nova-pro-v1:0", "meta.llama4", "eu.amazon.nova-pro-v1:0"])
def test_no_other_vendors_model_can_be_called(model: str) -> None:
    assert not can_call(CALLER, HERE, model)


def test_a_profile_of_the_account_leads_to_no_other_vendors_model() -> None:
    assert not can_call_by_application_profile(CALLER, HERE, "abc123def456", "eu.amazon.nova-pro-v1:0")


@pytest.mark.parametrize("model", [CLAUDE, f"us.{CLAUDE}", f"global.{CLAUDE}"])
def test_nothing_can_be_called_in_another_region(model: str) -> None:
    assert not can_call(CALLER, Place("us-east-1"), model)


def test_no_profile_of_another_account_can_be_called() -> None:
    assert not can_call(CALLER, Place(account_id="999999999999"), f"eu.{CLAUDE}")


def test_profiles_can_be_listed_and_looked_up_where_they_are_called() -> None:
    profile = HERE.own(f"inference-profile/eu.{CLAUDE}")
    assert can_ask_about(CALLER, HERE, "bedrock:ListInferenceProfiles", "*")
    assert can_ask_about(CALLER, HERE, "bedrock:GetInferenceProfile", profile)
    elsewhere = Place("us-east-1")
    assert not can_ask_about(CALLER, elsewhere, "bedrock:ListInferenceProfiles", "*")
    profile = elsewhere.own(f"inference-profile/us.{CLAUDE}")
    assert not can_ask_about(CALLER, elsewhere, "bedrock:GetInferenceProfile", profile)


@pytest.mark.parametrize(
    "action",
    [
        "bedrock:CreateInferenceProfile",
        "bedrock:CreateModelInvocationJob",
        "bedrock:DeleteInferenceProfile",
        "bedrock:PutUseCaseForModelAccess",
        "aws-marketplace:Subscribe",
        "sts:GetWebIdentityToken",
        "secretsmanager:GetSecretValue",
    ],
)
def test_who_calls_models_does_nothing_else(action: str) -> None:
    for resource in ("*", HERE.model(CLAUDE), HERE.own(f"inference-profile/eu.{CLAUDE}")):
        assert not can_ask_about(CALLER, HERE, action, resource)


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_partition_is_the_accounts_own(partition: str) -> None:
    region = {"aws": "eu-west-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}[partition]
    document = call_claude_document(Account("123456789012", partition, region), region)
    resources = [
        resource
        for statement in document["Statement"]
        for resource in (
            statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        )
        if resource != "*"
    ]
    assert {resource.split(":")[1] for resource in resources} == {partition}
    assert can_call(Principal(ROLE_ARN, (document,)), Place(region, partition=partition), CLAUDE)


def test_a_route_may_call_in_another_region_than_the_environments() -> None:
    away = Principal(ROLE_ARN, (call_claude_document(ACCOUNT, "us-east-1"),))
    assert can_call(away, Place("us-east-1"), f"us.{CLAUDE}")
    assert not can_call(away, HERE, f"eu.{CLAUDE}")


def test_a_token_for_anthropic_can_be_had_for_a_quarter_of_an_hour() -> None:
    assert can_get_token(PROVER, AUDIENCE)
    assert can_get_token(PROVER, AUDIENCE, seconds=IDENTITY_TOKEN_SECONDS)
    assert not can_get_token(PROVER, AUDIENCE, seconds=IDENTITY_TOKEN_SECONDS + 1)


@pytest.mark.parametrize(
    "audiences",
    [(), ("https://api.example.com",), (AUDIENCE, "https://api.example.com"), (f"{AUDIENCE}/",)],
    ids=["nobody", "somebody else", "somebody else too", "nearly Anthropic"],
)
def test_a_token_for_anybody_else_cannot_be_had(audiences: tuple[str, ...]) -> None:
    assert not can_get_token(PROVER, *audiences)


def test_a_token_carries_no_tags_of_the_callers_choice() -> None:
    assert not can_ask_about(PROVER, HERE, "sts:TagGetWebIdentityToken", "*")


@example("${aws:username}")
@example("https://*.example.com/?")
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=255)
    | st.text("${}*?:a", min_size=1)
)
def test_an_audience_is_compared_letter_by_letter_and_never_as_a_pattern(audience: str) -> None:
    prover = Principal(ROLE_ARN, (identity_token_document(audience),))
    assert can_get_token(prover, audience)
    assert not can_get_token(prover, audience + "x")
    assert not can_get_token(prover, "x" + audience)


@pytest.mark.parametrize(
    "document",
    [call_claude_document(ACCOUNT, "ap-southeast-2"), identity_token_document("a" * 255)],
    ids=["call-claude", "prove-identity"],
)
def test_a_routes_document_renders_sorted_and_leaves_room(document: dict[str, object]) -> None:
    text = render(document)
    assert text == json.dumps(document, sort_keys=True, separators=(",", ":"))
    assert len(text) < MANAGED_POLICY_CHARACTERS / 3
    assert len(text) < INLINE_POLICIES_OF_ROLE_CHARACTERS / 5
