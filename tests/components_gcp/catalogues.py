"""Catalogues for the tests of Google Cloud's components: plain values, and consumers of every runtime."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.gcp.project import Project
from keyplan.catalogue import (
    Catalogue,
    Cloud,
    Consumer,
    GcpSettings,
    GkeSettings,
    Key,
    PeopleSettings,
    Runtime,
    ServiceAccountSettings,
    Settings,
)
from keyplan.ci_settings import BuildkiteSettings, CircleciSettings, GitlabSettings, PulumiDeploymentsSettings
from tests.components.catalogues import ORGANIZATION, PROJECT, catalogue, github
from tests.components.catalogues import key as key

NUMBER = "987654321098"
HERE = Project("example-prod", NUMBER, "europe-west1", {}, {"example-clusters": "555555555555"})
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/keyplan-prod"
EXISTING_ACCOUNT = "batch@example-prod.iam.gserviceaccount.com"


def on_gcp(name: str, runtime: Runtime, settings: Settings, *keys: str) -> Consumer:
    """A consumer of the given keys, or of `anthropic`."""
    return Consumer(name, runtime, keys or ("anthropic",), {}, settings, cloud=Cloud.GCP)


def gcp_settings(**fields: Any) -> GcpSettings:
    """Automatic replication, nobody beside the readers; `fields` replace what it has by default."""
    return replace(GcpSettings((), (), (), (), True), **fields)


def gcp_catalogue(
    keys: list[Key] | None = None, consumers: list[Consumer] | None = None, **fields: Any
) -> Catalogue:
    """The environment `prod` on Google Cloud; `fields` replace what it has by default."""
    plain = catalogue(keys, consumers, clouds=(Cloud.GCP,), gcp=gcp_settings())
    return replace(plain, **fields)


def gitlab(**fields: Any) -> GitlabSettings:
    """The jobs of group/evals on its branch main; `fields` replace what it has by default."""
    plain = GitlabSettings("group/evals", ("main",), (), "https://gitlab.example.com", "4242")
    return replace(plain, **fields)


WEB = on_gcp("web", Runtime.CLOUD_RUN, ServiceAccountSettings(None))
EVALS = on_gcp("evals", Runtime.GITHUB_ACTIONS, github())
CI = [
    EVALS,
    on_gcp("gitlab", Runtime.GITLAB_CI, gitlab()),
    on_gcp("circle", Runtime.CIRCLECI, CircleciSettings(ORGANIZATION, PROJECT)),
    on_gcp("kite", Runtime.BUILDKITE, BuildkiteSettings("example", "evals", ("main", "release/*"))),
    on_gcp(
        "stack",
        Runtime.PULUMI_DEPLOYMENTS,
        PulumiDeploymentsSettings("example", "evals", "prod", ("update", "refresh")),
    ),
]
EVERY_RUNTIME = [
    WEB,
    on_gcp("nightly", Runtime.CLOUD_RUN_JOB, ServiceAccountSettings(EXISTING_ACCOUNT)),
    on_gcp("vm", Runtime.COMPUTE_ENGINE, ServiceAccountSettings(None)),
    on_gcp("images", Runtime.CLOUD_BUILD, ServiceAccountSettings(None)),
    on_gcp("pods", Runtime.GKE, GkeSettings("web", "chat", None)),
    on_gcp("far-pods", Runtime.GKE, GkeSettings("web", "chat", "example-clusters")),
    on_gcp("research", Runtime.PEOPLE, PeopleSettings(None, ("group:ml@example.com", "user:a@example.com"))),
    *CI,
]


def many(count: int, consumers: list[Consumer] | None = None, **fields: Any) -> Catalogue:
    """`count` keys with names like `service-123`; each consumer reads all of them."""
    keys = [key(f"service-{number:03}", env_var=f"SERVICE_{number:03}_API_KEY") for number in range(count)]
    names = tuple(each.name for each in keys)
    return gcp_catalogue(keys, [replace(each, keys=names) for each in consumers or []], **fields)
