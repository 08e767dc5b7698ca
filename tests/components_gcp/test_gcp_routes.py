"""What routes without a key make on Google Cloud: the right to call models, and nothing beyond the need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.environment import Environment, EnvironmentArgs
from components.gcp.plans import CALLER_PERMISSIONS, plan_gcp
from components.gcp.quotas import GoogleQuotaExceeded
from components.gcp.surroundings import GcpSurroundings
from keyplan.catalogue import (
    Catalogue,
    Consumer,
    GkeSettings,
    PeopleSettings,
    Runtime,
    ServiceAccountSettings,
    Settings,
)
from keyplan.manifest.model import Manifest
from keyplan.names import CUSTOM_ROLE_ID_MAX, gcp_caller_role_id
from keyplan.routes import FederationRoute, FoundryRoute, Route, RouteSettings, VertexRoute
from keyplan.wiring import wire_all
from tests.components.catalogues import github
from tests.components.recording import Recording, Registration, record
from tests.components_gcp.catalogues import HERE, NUMBER, POOL, gcp_catalogue, on_gcp

CUSTOM_ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
SECRET_MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
VERTEX = VertexRoute("global", "example-prod")
FEDERATION = FederationRoute("org", "fdrl_01A", "svac_01A", None, "https://api.anthropic.com")
PEOPLE = PeopleSettings(None, ("group:ml@example.com", "user:a@example.com"))
ROUTES = {
    VertexRoute: Route.VERTEX,
    FederationRoute: Route.FEDERATION,
    FoundryRoute: Route.FOUNDRY,
    type(None): Route.SUBSCRIPTION,
}


def routed(
    name: str, runtime: Runtime, settings: Settings, route: RouteSettings | None, *keys: str
) -> Consumer:
    """A consumer with exactly these keys, of which there may be none."""
    found = on_gcp(name, runtime, settings)
    return replace(found, keys=keys, route=ROUTES[type(route)], route_settings=route)


WEB = routed("web", Runtime.CLOUD_RUN, ServiceAccountSettings(None), VERTEX)
PODS = routed("pods", Runtime.GKE, GkeSettings("web", "chat", None), VERTEX, "anthropic")
RUNNER = routed("runner", Runtime.GITHUB_ACTIONS, github(), VERTEX)
RESEARCH = routed("research", Runtime.PEOPLE, PEOPLE, VERTEX)
JOB = routed("job", Runtime.CLOUD_RUN_JOB, ServiceAccountSettings(None), FEDERATION)
EVALS = routed("evals", Runtime.GITHUB_ACTIONS, github(), FEDERATION)
LOGINS = routed("logins", Runtime.PEOPLE, PeopleSettings(None, ()), None)


def build(environment: Catalogue, preview: bool = False) -> Recording:
    def program() -> None:
        built = Environment("prod", EnvironmentArgs(environment, None, GcpSurroundings(HERE)))
        pulumi.export("manifest", built.manifest)
        pulumi.export("wiring", built.wiring)

    return record(program, preview=preview)


ALL = gcp_catalogue(consumers=[WEB, PODS, RUNNER, RESEARCH, JOB, EVALS, LOGINS])


@pytest.fixture(scope="module")
def full() -> Recording:
    """An environment with consumers of every kind of route."""
    return build(ALL)


def callers(recording: Recording) -> list[Registration]:
    return [each for each in recording.of(PROJECT_MEMBER) if "-caller" in each.name]


def test_one_role_calls_models_and_does_nothing_else(full: Recording) -> None:
    [role] = [each.inputs for each in full.of(CUSTOM_ROLE) if "caller" in each.name]
    assert (role["project"], role["roleId"]) == ("example-prod", "keyplan_prod_caller")
    assert role["permissions"] == list(CALLER_PERMISSIONS) == ["aiplatform.endpoints.predict"]


def test_exactly_the_members_of_the_consumers_on_vertex_have_it(full: Recording) -> None:
    given = {each.inputs["member"] for each in callers(full)}
    assert given == {
        "serviceAccount:prod-web-reader@example-prod.iam.gserviceaccount.com",
        f"principal://iam.googleapis.com/projects/{NUMBER}/locations/global/workloadIdentityPools/"
        "example-prod.svc.id.goog/subject/ns/web/sa/chat",
        f"principalSet://iam.googleapis.com/{POOL}/attribute.runner/123456",
        "group:ml@example.com",
        "user:a@example.com",
    }
    assert {each.inputs["role"] for each in callers(full)} == {
        "projects/example-prod/roles/keyplan_prod_caller"
    }


def test_a_member_is_bound_after_it_exists(full: Recording) -> None:
    needed = {each.name: each.depends_on for each in callers(full)}
    assert "prod-gcp-web-reader-account" in needed["prod-gcp-web-reader-caller"]
    assert "prod-gcp-runner-reader-provider" in needed["prod-gcp-runner-reader-caller"]


def test_only_who_has_keys_reads(full: Recording) -> None:
    assert [each.name for each in full.of(SECRET_MEMBER) if "reader" in each.name] == [
        "prod-gcp-pods-reader-anthropic"
    ]


def test_a_service_has_its_account_even_without_keys_and_a_runner_no_provider(full: Recording) -> None:
    accounts = {
        each.inputs["accountId"]: each.inputs["description"]
        for each in full.of("gcp:serviceaccount/account:Account")
        if each.parent.endswith("-reader")
    }
    assert accounts == {
        "prod-web-reader": "Is consumer web",
        "prod-job-reader": "Is consumer job",
    }
    providers = full.of("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider")
    assert [each.name for each in providers] == ["prod-gcp-runner-reader-provider"]
    assert [each.name for each in full.resources if "evals" in each.name or "logins" in each.name] == []


@pytest.mark.parametrize("idle", [EVALS, LOGINS], ids=["a runner with its own token", "people's logins"])
def test_an_environment_whose_runners_need_nothing_has_no_pool_and_no_role(idle: Consumer) -> None:
    plan = plan_gcp(gcp_catalogue(consumers=[idle]), HERE)
    assert (plan.readers, plan.pool_id, plan.caller) == ({}, None, None)


def test_models_of_another_project_are_called_with_a_role_that_is_made_there() -> None:
    far = replace(WEB, route_settings=VertexRoute("eu", "example-models"))
    built = build(gcp_catalogue(consumers=[far]))
    [role] = [each.inputs for each in built.of(CUSTOM_ROLE) if "caller" in each.name]
    assert (role["project"], role["roleId"]) == ("example-models", "keyplan_prod_caller_of_example_prod")
    assert [each.inputs["project"] for each in callers(built)] == ["example-models"]


@pytest.mark.parametrize("project", ["example-prod", "example-models"])
def test_a_roles_id_fits_and_is_one_for_each_environment_and_project(project: str) -> None:
    long = "e" * 40
    ids = [
        gcp_caller_role_id(environment, "example-models", own)
        for environment in ("prod", "dev", long, f"{long[:-1]}f")
        for own in ("example-models", "example-prod", "p" * 30, "p" * 29 + "q")
    ]
    assert len(set(ids)) == len(ids)
    assert all(3 <= len(each) <= CUSTOM_ROLE_ID_MAX and each.replace("_", "").isalnum() for each in ids)


def test_more_callers_than_a_policy_holds_are_refused_before_anything_is_made() -> None:
    crowd = PeopleSettings(None, tuple(f"user:u{number}@example.com" for number in range(1501)))
    with pytest.raises(GoogleQuotaExceeded) as error:
        plan_gcp(gcp_catalogue(consumers=[replace(RESEARCH, settings=crowd)]), HERE)
    assert error.value.message == (
        "the policy of the project in which prod calls models would have 1,501 members, and Google "
        "allows 1,500"
    )


def test_the_manifest_and_the_wiring_are_complete(full: Recording) -> None:
    manifest = Manifest.from_json(full.outputs["manifest"])
    said: dict[str, tuple[Any, Any]] = {
        name: (each.member is not None, each.workload_identity_provider)
        for name, each in manifest.consumers.items()
    }
    assert said == {
        "evals": (False, None),
        "job": (True, None),
        "logins": (False, None),
        "pods": (True, None),
        "research": (False, None),
        "runner": (True, f"{POOL}/providers/ci-runner"),
        "web": (True, None),
    }
    wiring, failures = wire_all(manifest)
    assert (full.outputs["wiring"], failures) == (wiring, [])


def test_a_preview_declares_the_same_resources(full: Recording) -> None:
    assert {each.urn for each in build(ALL, preview=True).resources} == {each.urn for each in full.resources}
