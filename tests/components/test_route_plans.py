"""Who gets a principal, which policy a route adds, and what that costs of IAM's quotas."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.aws.ci.issuers import identities_of
from components.aws.plans import EnvironmentPlan, ReaderPlan, plan_environment
from components.aws.policy.grants import Room
from components.aws.policy.quotas import (
    INLINE_POLICIES_OF_ROLE_CHARACTERS,
    MANAGED_POLICIES_PER_ROLE,
    QuotaExceeded,
)
from components.aws.policy.routes import call_claude_document, identity_token_document
from components.aws.route_plans import room_beside
from keyplan.catalogue import (
    Cloud,
    CodebuildSettings,
    Consumer,
    EcsSettings,
    EksIdentity,
    PeopleSettings,
    ReadAt,
    RoleSettings,
    Runtime,
    Settings,
)
from keyplan.routes import BedrockRoute, FederationRoute, FoundryRoute, Route, RouteSettings
from tests.components.catalogues import ACCOUNT, IRSA_ISSUER, ROLE, catalogue, eks, github, key, many

BEDROCK = BedrockRoute("eu-central-1")
FEDERATION = FederationRoute("org", "fdrl_01A", "svac_01A", None, "https://api.anthropic.com")
FOUNDRY = FoundryRoute("example-foundry", None)
CALL = call_claude_document(ACCOUNT, "eu-central-1")
PROVE = identity_token_document("https://api.anthropic.com")
ROUTES = {BedrockRoute: Route.BEDROCK, FederationRoute: Route.FEDERATION, FoundryRoute: Route.FOUNDRY}
STARTING, RUNNING = EcsSettings(ReadAt.START, None), EcsSettings(ReadAt.RUN, None)
RUNTIMES: dict[str, tuple[Runtime, Settings]] = {
    "task": (Runtime.ECS, RUNNING),
    "function": (Runtime.LAMBDA, RoleSettings(None)),
    "machine": (Runtime.EC2, RoleSettings(None)),
    "existing role": (Runtime.IAM_ROLE, RoleSettings(ROLE + "jobs/nightly")),
    "build": (Runtime.CODEBUILD, CodebuildSettings("evals", None)),
    "pod": (Runtime.EKS, eks(EksIdentity.POD_IDENTITY)),
    "pod with its own token": (Runtime.EKS, eks(EksIdentity.IRSA, IRSA_ISSUER)),
    "CI": (Runtime.GITHUB_ACTIONS, github()),
    "people": (Runtime.PEOPLE, PeopleSettings("Research")),
}


def routed(
    route: RouteSettings | None, runtime: Runtime, settings: Settings, *keys: str, **fields: Any
) -> Consumer:
    """A consumer with exactly these keys, of which there may be none."""
    found = Consumer("chat", runtime, keys, {}, settings, route_settings=route)
    return replace(found, route=None if route is None else ROUTES[type(route)], **fields)


def plan_of(*consumers: Consumer, **fields: Any) -> EnvironmentPlan:
    return plan_environment(catalogue(consumers=list(consumers), **fields), ACCOUNT)


def added(plan: ReaderPlan) -> dict[str, Any] | None:
    """What the route adds, and where: `inline` or the managed policy's name."""
    if plan.route is None:
        return None
    return {plan.route.managed_name or plan.route.inline_name: json.loads(plan.route.document)}


CALLS: dict[str, dict[str, Any]] = {
    **{name: {"call-claude": CALL} for name in RUNTIMES},
    "existing role": {"prod-chat-route": CALL},
    "people": {"prod-chat-route": CALL},
}


@pytest.mark.parametrize("name", RUNTIMES)
def test_every_runtime_on_bedrock_calls_claude_as_its_own_principal(name: str) -> None:
    plan = plan_of(routed(BEDROCK, *RUNTIMES[name])).readers["chat"]
    assert added(plan) == CALLS[name]
    assert plan.grants.chunks == ()


TOKENS: dict[str, dict[str, Any] | None] = {
    "task": {"prove-identity": PROVE},
    "function": {"prove-identity": PROVE},
    "machine": {"prove-identity": PROVE},
    "existing role": {"prod-chat-route": PROVE},
    "build": {"prove-identity": PROVE},
    "pod": None,
    "pod with its own token": None,
}


@pytest.mark.parametrize("name", TOKENS)
def test_who_has_no_token_of_another_issuer_asks_aws_for_one(name: str) -> None:
    assert added(plan_of(routed(FEDERATION, *RUNTIMES[name])).readers["chat"]) == TOKENS[name]


@pytest.mark.parametrize("route", [FEDERATION, FOUNDRY])
@pytest.mark.parametrize("name", ["CI", "people"])
def test_whom_aws_need_not_know_gets_nothing_of_aws(name: str, route: RouteSettings) -> None:
    consumer = routed(route, *RUNTIMES[name])
    built = catalogue(consumers=[consumer])
    assert plan_environment(built, ACCOUNT).readers == {}
    assert identities_of(built) == ()


@pytest.mark.parametrize("route", [FEDERATION, FOUNDRY])
def test_a_runner_that_reads_a_key_has_its_reader_whatever_its_route(route: RouteSettings) -> None:
    consumer = routed(route, *RUNTIMES["CI"], "anthropic")
    built = catalogue(consumers=[consumer])
    plan = plan_environment(built, ACCOUNT).readers["chat"]
    assert (added(plan), len(plan.grants.inline)) == (None, 1)
    assert [each.issuer for each in identities_of(built)] == ["https://token.actions.githubusercontent.com"]


def test_a_runner_that_calls_bedrock_has_a_role_and_its_issuer() -> None:
    built = catalogue(consumers=[routed(BEDROCK, *RUNTIMES["CI"])])
    assert plan_environment(built, ACCOUNT).readers["chat"].trust is not None
    assert len(identities_of(built)) == 1


def test_a_consumer_on_google_cloud_is_no_concern_of_aws() -> None:
    assert plan_of(routed(FEDERATION, *RUNTIMES["CI"], cloud=Cloud.GCP)).readers == {}


def test_a_service_without_keys_has_its_role_and_no_policy_that_reads() -> None:
    plan = plan_of(routed(FOUNDRY, *RUNTIMES["task"])).readers["chat"]
    assert (plan.trust is not None, added(plan), plan.grants.chunks) == (True, None, ())


def test_with_bedrocks_own_key_the_role_calls_nothing() -> None:
    token = key("bedrock", vendor="generic", env_var="AWS_BEARER_TOKEN_BEDROCK")
    plan = plan_of(routed(BEDROCK, Runtime.ECS, STARTING, "bedrock"), keys=[token])
    assert added(plan.readers["chat"]) is None


@pytest.mark.parametrize(
    ("keys", "settings", "trusted"),
    [
        ((), STARTING, True),
        ((), RUNNING, True),
        (("anthropic",), STARTING, False),
        (("anthropic",), RUNNING, True),
    ],
)
def test_a_task_that_reads_nothing_at_its_start_gets_the_role_that_its_program_has(
    keys: tuple[str, ...], settings: EcsSettings, trusted: bool
) -> None:
    plan = plan_of(routed(BEDROCK, Runtime.ECS, settings, *keys)).readers["chat"]
    assert ("aws:SourceArn" in (plan.trust or "")) is trusted
    assert (plan.runtime_policies == ()) is trusted


def test_the_route_of_an_existing_role_takes_one_of_its_ten_policies() -> None:
    nightly = routed(BEDROCK, *RUNTIMES["existing role"])
    plan = plan_environment(many(40, [nightly]), ACCOUNT).readers["chat"]
    assert plan.managed_names == ("prod-chat-reader", "prod-chat-reader-2", "prod-chat-route")
    tight = many(500, [replace(nightly, route=None, route_settings=None), replace(nightly, name="two")])
    with pytest.raises(QuotaExceeded):
        plan_environment(tight, ACCOUNT)


def test_two_routes_of_one_existing_role_both_count() -> None:
    one = routed(BEDROCK, *RUNTIMES["existing role"])
    consumers = [replace(one, name=f"chat-{number}") for number in range(MANAGED_POLICIES_PER_ROLE)]
    assert len(plan_of(*consumers).readers) == MANAGED_POLICIES_PER_ROLE
    with pytest.raises(QuotaExceeded) as error:
        plan_of(*consumers, replace(one, name="chat-z"))
    assert error.value.message == (
        "consumer `chat-z` of prod needs a managed policy for its route, and its role has the 10 that the "
        "quota `Managed policies attached to an IAM role` allows"
    )


def test_the_route_of_a_new_role_takes_inline_characters() -> None:
    plain = routed(None, *RUNTIMES["task"])
    without = plan_environment(many(56, [plain]), ACCOUNT).readers["chat"]
    beside = plan_environment(
        many(56, [replace(plain, route=Route.BEDROCK, route_settings=BEDROCK)]), ACCOUNT
    ).readers["chat"]
    assert (without.managed_names, beside.managed_names) == ((), ("prod-chat-reader",))
    assert beside.route is not None
    room = room_beside(beside.route, "chat", own_role=True, inline_used=0, managed_used=0)
    assert room == Room(
        INLINE_POLICIES_OF_ROLE_CHARACTERS - len(beside.route.document), MANAGED_POLICIES_PER_ROLE
    )


def test_a_renamed_consumer_keeps_the_name_of_its_routes_policy() -> None:
    people = routed(BEDROCK, *RUNTIMES["people"], name="new", former_names=("old",))
    assert plan_of(people).readers["new"].managed_names == ("prod-old-route",)


def test_lockdown_lists_readers_and_nobody_who_only_calls_models() -> None:
    reads = replace(routed(None, *RUNTIMES["function"], "anthropic"), name="reads")
    calls = replace(routed(BEDROCK, *RUNTIMES["function"]), name="calls")
    nobody = replace(routed(BEDROCK, Runtime.PEOPLE, PeopleSettings(None)), name="nobody")
    plan = plan_of(
        reads,
        calls,
        nobody,
        keys=[key(lockdown=True)],
        break_glass_role=ROLE + "emergency",
    )
    [statement] = json.loads(plan.secret_policies["anthropic"])["Statement"]
    assert statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"] == [
        f"{ROLE}emergency",
        f"{ROLE}prod-reads-reader",
    ]
