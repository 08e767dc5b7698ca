"""A route says how Claude's clients authenticate: what it needs is there, and nothing collides with it."""

from __future__ import annotations

import pytest
import yaml

from keyplan.catalogue import Catalogue
from keyplan.checks.environment import read_catalogue
from keyplan.checks.problems import Problems
from keyplan.routes import Route

ORGANIZATION = "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a"
CIRCLE = f"runtime: circleci, organizationId: {ORGANIZATION}, projectId: {ORGANIZATION}"
BASE = f"""
clouds: [aws, gcp]
owner: platform@example.com
keys:
  anthropic: {{vendor: anthropic}}
  gateway: {{vendor: gateway, baseUrl: https://llm.example.com}}
  foundry: {{vendor: generic, envVar: ANTHROPIC_FOUNDRY_API_KEY}}
  mantle: {{vendor: generic, envVar: AWS_BEARER_TOKEN_BEDROCK}}
routes:
  bedrock: {{region: eu-west-1}}
  vertex: {{region: global, project: example-prod}}
  foundry: {{resource: example-foundry}}
  federation: {{organizationId: {ORGANIZATION}, serviceAccountId: svac_01A}}
"""


def _read(consumers: str, extra: str = "") -> tuple[Catalogue | None, list[str]]:
    values = {**yaml.safe_load(BASE), **yaml.safe_load(extra or "{}")}
    values["consumers"] = yaml.safe_load(consumers)
    problems = Problems()
    catalogue = read_catalogue(values, "prod", problems)
    return catalogue, [
        f"{problem.path}: found {problem.found}; allowed: {problem.allowed}" for problem in problems.all()
    ]


def _good(consumers: str, extra: str = "") -> Catalogue:
    catalogue, mistakes = _read(consumers, extra)
    assert mistakes == []
    assert catalogue is not None
    return catalogue


VARIABLES = {
    "bedrock": (
        "chat: {runtime: ecs, route: bedrock}",
        {"AWS_REGION": "eu-west-1", "CLAUDE_CODE_USE_BEDROCK": "1"},
    ),
    "vertex": (
        "chat: {runtime: cloud-run, route: vertex}",
        {
            "ANTHROPIC_VERTEX_PROJECT_ID": "example-prod",
            "CLAUDE_CODE_USE_VERTEX": "1",
            "CLOUD_ML_REGION": "global",
        },
    ),
    "foundry, with a key": (
        "chat: {runtime: ecs, route: foundry, keys: [foundry]}",
        {"ANTHROPIC_FOUNDRY_RESOURCE": "example-foundry", "CLAUDE_CODE_USE_FOUNDRY": "1"},
    ),
    "federation": (
        "chat: {runtime: ecs, route: federation, federation: {ruleId: fdrl_01B, workspaceId: default}}",
        {
            "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_01B",
            "ANTHROPIC_ORGANIZATION_ID": ORGANIZATION,
            "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_01A",
            "ANTHROPIC_WORKSPACE_ID": "default",
        },
    ),
    "subscription": ("chat: {runtime: people, route: subscription}", {}),
    "a route beside a key": (
        "chat: {runtime: ecs, readAt: run, route: bedrock, keys: [anthropic]}",
        {"AWS_REGION": "eu-west-1", "CLAUDE_CODE_USE_BEDROCK": "1"},
    ),
    "a key of Bedrock's own, at the start": (
        "chat: {runtime: ecs, route: bedrock, keys: [mantle]}",
        {"AWS_REGION": "eu-west-1", "CLAUDE_CODE_USE_BEDROCK": "1"},
    ),
    "a gateway": (
        "chat: {runtime: ecs, route: gateway, keys: [gateway]}",
        {"ANTHROPIC_BASE_URL": "https://llm.example.com"},
    ),
}


@pytest.mark.parametrize(("consumers", "expected"), VARIABLES.values(), ids=VARIABLES)
def test_the_variables_of_a_route_travel_with_the_wiring(consumers: str, expected: dict[str, str]) -> None:
    catalogue = _good(consumers)
    assert catalogue.plain_variables_of(catalogue.consumers["chat"]) == expected


def test_the_variables_of_the_environment_travel_too_and_a_consumers_own_win() -> None:
    catalogue = _good(
        "{chat: {runtime: ecs, keys: [anthropic], env: {ANTHROPIC_MODEL: claude-opus-4-6}}}",
        "env: {ANTHROPIC_MODEL: claude-sonnet-4-6, ANTHROPIC_ENV: production}",
    )
    assert catalogue.plain_variables_of(catalogue.consumers["chat"]) == {
        "ANTHROPIC_ENV": "production",
        "ANTHROPIC_MODEL": "claude-opus-4-6",
    }


def test_people_take_the_route_of_claude_code_unless_they_name_their_own() -> None:
    catalogue = _good(
        """
team: {runtime: people}
others: {runtime: people, route: direct, keys: [anthropic]}
service: {runtime: ecs, keys: [anthropic]}
""",
        "claudeCode: {route: bedrock}",
    )
    routes = {name: consumer.route for name, consumer in catalogue.consumers.items()}
    assert routes == {"team": Route.BEDROCK, "others": Route.DIRECT, "service": None}


PRINCIPALS = {
    "a service that calls Bedrock": ("runtime: ecs, route: bedrock", True),
    "a service with an identity token of its cloud": (
        "runtime: ecs, route: federation, federation: {ruleId: fdrl_01B}",
        True,
    ),
    "a CI runner that calls Bedrock": (f"{CIRCLE}, route: bedrock", True),
    "a CI runner that calls Vertex": (f"{CIRCLE}, cloud: gcp, route: vertex", True),
    "a CI runner with its own identity token": (
        f"{CIRCLE}, route: federation, federation: {{ruleId: fdrl_01B}}",
        False,
    ),
    "the same with a key": (
        f"{CIRCLE}, route: federation, keys: [foundry], federation: {{ruleId: fdrl_01B}}",
        True,
    ),
    "people with a login": ("runtime: people, route: subscription", False),
    "people who call Bedrock": ("runtime: people, route: bedrock", True),
    "people at Foundry": ("runtime: people, route: foundry", False),
}


@pytest.mark.parametrize(("fields", "expected"), PRINCIPALS.values(), ids=PRINCIPALS)
def test_a_principal_is_needed_only_where_a_cloud_has_to_know_the_consumer(
    fields: str, expected: bool
) -> None:
    consumer = _good(f"chat: {{{fields}}}").consumers["chat"]
    assert consumer.needs_principal is expected


MISTAKES = {
    "direct without a key of Anthropic": (
        "chat: {runtime: ecs, route: direct, keys: [foundry]}",
        "consumers.chat.route: found `direct`; allowed: another route, or among `keys` a key of vendor "
        "anthropic",
    ),
    "gateway without a token": (
        "chat: {runtime: ecs, route: gateway, keys: [anthropic]}",
        "consumers.chat.route: found `gateway`; allowed: another route, or among `keys` a key of vendor "
        "gateway",
    ),
    "direct without keys": (
        "chat: {runtime: ecs, route: direct}",
        "consumers.chat.keys: found nothing; allowed: a list of keys, at least one, as in `[anthropic]`; or "
        "a `route` that needs none",
    ),
    "federation with a key that wins": (
        "chat: {runtime: lambda, route: federation, federation: {ruleId: fdrl_01B}, keys: [anthropic]}",
        "consumers.chat.keys: found anthropic together with the route federation; allowed: no key in "
        "ANTHROPIC_API_KEY with `route: federation`: the clients would use the key and never say so; take "
        "it out, or make two consumers",
    ),
    "federation without a rule": (
        "chat: {runtime: ecs, route: federation}",
        "consumers.chat.route: found `federation`; allowed: a federation rule and a service account: "
        "`ruleId` and `serviceAccountId`, in this consumer's `federation` or in `routes: {federation: …}`",
    ),
    "federation for people": (
        "chat: {runtime: people, route: federation, federation: {ruleId: fdrl_01B}}",
        "consumers.chat.route: found `federation`; allowed: another route: people have no identity token; "
        "`subscription`, or a key",
    ),
    "a login for a service": (
        "chat: {runtime: ecs, route: subscription}",
        "consumers.chat.route: found `subscription`; allowed: another route: only people have a login",
    ),
    "Bedrock from Google Cloud": (
        "chat: {runtime: cloud-run, route: bedrock}",
        "consumers.chat.route: found `bedrock`; allowed: another route or a key whose `envVar` is "
        "AWS_BEARER_TOKEN_BEDROCK: this consumer's identity is on gcp",
    ),
    "Vertex from a CI runner on AWS": (
        f"chat: {{{CIRCLE}, route: vertex}}",
        "consumers.chat.route: found `vertex`; allowed: `cloud: gcp` or another route: this consumer's "
        "identity is on aws",
    ),
    "Foundry from AWS without a key": (
        "chat: {runtime: ecs, route: foundry}",
        "consumers.chat.route: found `foundry`; allowed: a key whose `envVar` is ANTHROPIC_FOUNDRY_API_KEY "
        "among `keys`: a consumer on aws has no identity in Entra ID",
    ),
    "another region than the route's": (
        "chat: {runtime: ecs, route: bedrock, env: {AWS_REGION: us-east-1}}",
        "consumers.chat.env.AWS_REGION: found another AWS_REGION; allowed: nothing, or what the route sets, "
        "`eu-west-1`",
    ),
    "an alias of a model at a cloud provider": (
        "chat: {runtime: ecs, route: bedrock, env: {ANTHROPIC_MODEL: sonnet}}",
        "consumers.chat.env.ANTHROPIC_MODEL: found `sonnet`; allowed: a model's full name, as bedrock spells "
        "it: an alias means the newest one, which may not be enabled there",
    ),
    "a task that reads at its start and calls Bedrock": (
        "chat: {runtime: ecs, route: bedrock, keys: [anthropic]}",
        "consumers.chat.readAt: found `start`; allowed: `run` with `route: bedrock`, or two consumers: with "
        "`start` this one's role starts the task, and the program in it has another role",
    ),
    "a task that reads at its start and proves who it is": (
        "chat: {runtime: ecs, route: federation, federation: {ruleId: fdrl_01B}, keys: [foundry]}",
        "consumers.chat.readAt: found `start`; allowed: `run` with `route: federation`, or two consumers: "
        "with `start` this one's role starts the task, and the program in it has another role",
    ),
}


@pytest.mark.parametrize(("consumers", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_route_that_cannot_work_is_refused_with_the_way_out(consumers: str, expected: str) -> None:
    assert _read(consumers)[1] == [expected]


OF_THE_ENVIRONMENT = {
    "a region without Claude": (
        "routes: {vertex: {region: us-central1, project: example-prod}}",
        "routes.vertex.region: found `us-central1`; allowed: `global`, `us`, `eu` or a region that has "
        "Claude, as in `europe-west1`; us-central1 has none",
    ),
    "both addresses of Foundry": (
        "routes: {foundry: {resource: example, baseUrl: https://example.services.ai.azure.com}}",
        "routes.foundry: found both of them; allowed: one of `resource` and `baseUrl`",
    ),
    "neither address of Foundry": (
        "routes: {foundry: {}}",
        "routes.foundry: found neither of them; allowed: one of `resource` and `baseUrl`",
    ),
    "Claude Code on a route that is not described": (
        "{routes: {}, claudeCode: {route: bedrock}}",
        "claudeCode.route: found `bedrock`; allowed: a route that the environment's `routes` describe, as in "
        "`bedrock: {region: eu-west-1}`",
    ),
    "Claude Code with a key that its route does not need": (
        "claudeCode: {route: bedrock, key: anthropic}",
        "claudeCode.key: found `anthropic`; allowed: no `key` with the route bedrock: it needs none",
    ),
    "Claude Code without the key that its route needs": (
        "claudeCode: {route: direct}",
        "claudeCode.key: found nothing; allowed: a key of vendor anthropic, as in `key: anthropic`",
    ),
    "Claude Code with federation": (
        "claudeCode: {route: federation}",
        "claudeCode.route: found `federation`; allowed: direct, gateway, bedrock, vertex, foundry or "
        "subscription (federation is for services and CI runners: people have no identity token)",
    ),
    "a shared variable in a key's place": (
        "env: {AWS_BEARER_TOKEN_BEDROCK: x}",
        "env.AWS_BEARER_TOKEN_BEDROCK: found AWS_BEARER_TOKEN_BEDROCK as a plain variable; allowed: no API "
        "key in plain text: describe it under `keys`, store it with `keyplan put`",
    ),
}


@pytest.mark.parametrize(("extra", "expected"), OF_THE_ENVIRONMENT.values(), ids=OF_THE_ENVIRONMENT)
def test_an_environments_routes_are_checked(extra: str, expected: str) -> None:
    assert _read("{}", extra)[1] == [expected]


@pytest.mark.parametrize("route", [route for route in Route if route not in (Route.DIRECT, Route.GATEWAY)])
def test_a_consumer_with_a_route_that_is_not_described_is_told_how_to_describe_it(route: Route) -> None:
    runtime = {Route.VERTEX: "cloud-run", Route.SUBSCRIPTION: "people"}.get(route, "ecs")
    mistakes = _read(f"chat: {{runtime: {runtime}, route: {route}}}", "routes: {}")[1]
    described = [line for line in mistakes if f"as in `{route}: {{" in line]
    assert len(described) == (0 if route is Route.SUBSCRIPTION else 1)
