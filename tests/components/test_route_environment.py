"""What a program declares on AWS for consumers with routes, and what the manifest says of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pulumi
import pytest

from components.aws.environment import AwsSurroundings
from components.environment import Environment, EnvironmentArgs
from keyplan.catalogue import (
    Catalogue,
    Consumer,
    EcsSettings,
    PeopleSettings,
    ReadAt,
    RoleSettings,
    Runtime,
    Settings,
)
from keyplan.manifest.model import Manifest
from keyplan.routes import BedrockRoute, FederationRoute, Route
from keyplan.wiring import wire_all
from tests.components.catalogues import ACCOUNT, ROLE, catalogue, github
from tests.components.recording import Recording, Registration, record

ROLE_KIND = "aws:iam/role:Role"
INLINE = "aws:iam/rolePolicy:RolePolicy"
MANAGED = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
BEDROCK = BedrockRoute("eu-west-1")
FEDERATION = FederationRoute("org", "fdrl_01A", "svac_01A", None, "https://api.anthropic.com")


def routed_consumer(
    name: str, runtime: Runtime, settings: Settings, route: BedrockRoute | FederationRoute, *keys: str
) -> Consumer:
    """A consumer with exactly these keys, of which there may be none."""
    named = Route.BEDROCK if isinstance(route, BedrockRoute) else Route.FEDERATION
    return Consumer(name, runtime, keys, {}, settings, route=named, route_settings=route)


CALLER = routed_consumer("caller", Runtime.ECS, EcsSettings(ReadAt.START, None), BEDROCK)
NIGHTLY = routed_consumer(
    "nightly", Runtime.IAM_ROLE, RoleSettings(ROLE + "jobs/nightly"), BEDROCK, "anthropic"
)
RESEARCH = routed_consumer("research", Runtime.PEOPLE, PeopleSettings("Research"), BEDROCK)
PROVER = routed_consumer("prover", Runtime.LAMBDA, RoleSettings(None), FEDERATION)
EVALS = routed_consumer("evals", Runtime.GITHUB_ACTIONS, github(), FEDERATION)
LOGINS = Consumer("logins", Runtime.PEOPLE, (), {}, PeopleSettings(None), route=Route.SUBSCRIPTION)
ROUTED = catalogue(consumers=[CALLER, NIGHTLY, RESEARCH, PROVER, EVALS, LOGINS])


def build(environment: Catalogue, preview: bool = False) -> Recording:
    def program() -> None:
        built = Environment("prod", EnvironmentArgs(environment, AwsSurroundings(ACCOUNT, {})))
        pulumi.export("manifest", built.manifest)
        pulumi.export("wiring", built.wiring)

    return record(program, preview=preview)


@pytest.fixture(scope="module")
def routed() -> Recording:
    """An environment with consumers of every kind of route."""
    return build(ROUTED)


def of_readers(recording: Recording, kind: str) -> list[Registration]:
    return [each for each in recording.of(kind) if each.parent.endswith("-reader")]


def sids(text: str) -> set[str]:
    return {statement["Sid"] for statement in json.loads(text)["Statement"]}


def test_each_role_has_the_policy_of_its_route_and_none_that_reads(routed: Recording) -> None:
    found = {
        (each.inputs["role"], each.inputs["name"]): sids(each.inputs["policy"])
        for each in of_readers(routed, INLINE)
    }
    assert found == {
        ("prod-caller-reader", "call-claude"): {
            "CallProfilesOfClaude",
            "CallClaudeHere",
            "CallClaudeThroughProfiles",
            "ResolveProfiles",
            "ListProfiles",
        },
        ("prod-prover-reader", "prove-identity"): {"ProveWhoItIs"},
    }


def test_people_and_existing_roles_get_a_managed_policy(routed: Recording) -> None:
    policies = {each.inputs["name"]: each.inputs["description"] for each in of_readers(routed, MANAGED)}
    assert policies == {
        "prod-nightly-reader": "keyplan: reads keys of consumer nightly",
        "prod-nightly-route": "keyplan: the route of consumer nightly",
        "prod-research-route": "keyplan: the route of consumer research",
    }
    attached = {
        (each.inputs["role"], each.inputs["policyArn"].rpartition("/")[2])
        for each in of_readers(routed, ATTACHMENT)
        if "/service-role/" not in each.inputs["policyArn"]
    }
    assert attached == {("nightly", "prod-nightly-reader"), ("nightly", "prod-nightly-route")}


def test_whom_aws_need_not_know_leaves_no_trace(routed: Recording) -> None:
    assert routed.of(OIDC_PROVIDER) == []
    traces = [each.name for each in routed.resources if "evals" in each.name or "logins" in each.name]
    assert traces == []
    assert [each.inputs["name"] for each in of_readers(routed, ROLE_KIND)] == [
        "prod-caller-reader",
        "prod-prover-reader",
    ]


def test_a_role_that_reads_nothing_does_not_say_that_it_reads(routed: Recording) -> None:
    described = {each.inputs["name"]: each.inputs["description"] for each in of_readers(routed, ROLE_KIND)}
    assert described == {
        "prod-caller-reader": "keyplan: is consumer caller",
        "prod-prover-reader": "keyplan: is consumer prover",
    }


def test_the_manifest_says_which_policies_people_include_and_who_has_no_principal(routed: Recording) -> None:
    manifest = Manifest.from_json(routed.outputs["manifest"])
    said = {
        name: (each.role_arn, tuple(arn.rpartition("/")[2] for arn in each.policy_arns))
        for name, each in manifest.consumers.items()
    }
    assert said == {
        "caller": (f"{ROLE}prod-caller-reader", ()),
        "evals": (None, ()),
        "logins": (None, ()),
        "nightly": (f"{ROLE}jobs/nightly", ("prod-nightly-reader", "prod-nightly-route")),
        "prover": (f"{ROLE}prod-prover-reader", ()),
        "research": (None, ("prod-research-route",)),
    }


def test_the_wiring_is_what_the_command_would_print(routed: Recording) -> None:
    wiring, failures = wire_all(Manifest.from_json(routed.outputs["manifest"]))
    assert (routed.outputs["wiring"], failures) == (wiring, [])


def test_a_preview_declares_the_same_resources(routed: Recording) -> None:
    preview = build(ROUTED, preview=True)
    assert {each.urn for each in preview.resources} == {each.urn for each in routed.resources}


def test_no_reminder_and_no_alarm_speaks_of_who_holds_no_key(routed: Recording) -> None:
    plain = build(catalogue(consumers=[replace(NIGHTLY, route=None, route_settings=None)]))
    watching = ("aws:cloudwatch/", "aws:sns/", "aws:lambda/", "aws:scheduler/", "aws:secretsmanager/")

    def watch(recording: Recording) -> dict[str, object]:
        return {
            each.urn: {name: text for name, text in each.inputs.items() if name != "code"}
            for each in recording.resources
            if each.kind.startswith(watching)
        }

    assert watch(routed) == watch(plain)
