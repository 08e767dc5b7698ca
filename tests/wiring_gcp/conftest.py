"""A realistic environment on Google Cloud: a consumer for every target, and some that have none."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, replace
from typing import Any

import pytest

from keyplan.catalogue import CI_RUNTIMES
from keyplan.manifest.model import GcpLocation, GcpSecretLocation, Manifest, ManifestConsumer, ManifestKey
from tests.sandbox_gcp.conftest import Cloud
from tests.sandbox_gcp.conftest import cloud as cloud  # fixtures
from tests.sandbox_gcp.conftest import start_cloud as start_cloud
from tests.wiring.conftest import ORGANIZATION_ID, PROJECT_ID, REPOSITORY_ID, WORKSPACE_ID
from tests.wiring.conftest import manifest as aws_manifest  # noqa: F401 a fixture

PROJECT = "example-prod"
NUMBER = "123456789012"
SANDBOX_PROJECT = "keyplan-sandbox"
POOLS = f"projects/{NUMBER}/locations/global/workloadIdentityPools"


def key(name: str, env_var: str) -> ManifestKey:
    """A key as the stack exports it."""
    secret = f"prod-{name}-api-key"
    return ManifestKey(
        name=name,
        vendor="anthropic" if name == "anthropic" else "generic",
        owner="ml@example.com",
        env_var=env_var,
        value_format=None,
        rotate_every="90d",
        remind_before="14d",
        grace="7d",
        gcp=GcpSecretLocation(secret, f"projects/{PROJECT}/secrets/{secret}"),
    )


def account(name: str, project: str = PROJECT) -> str:
    """The address of the service account that keyplan makes for a consumer."""
    return f"prod-{name}-reader@{project}.iam.gserviceaccount.com"


def pod_principal(namespace: str, name: str, project: str = PROJECT) -> str:
    """A Kubernetes service account, as IAM names it."""
    pool = f"{POOLS}/{project}.svc.id.goog"
    return f"principal://iam.googleapis.com/{pool}/subject/ns/{namespace}/sa/{name}"


def consumer(name: str, runtime: str, **changes: Any) -> ManifestConsumer:
    """A consumer of the key `anthropic`, with the identity that keyplan gives to its runtime."""
    identity: dict[str, Any] = {"member": f"serviceAccount:{account(name)}"}
    if runtime == "gke":
        identity = {"member": pod_principal(name, name)}
    elif runtime == "people":
        identity = {}
    elif runtime in CI_RUNTIMES:
        attribute = f"attribute.{name.replace('-', '_')}/123456789"
        identity = {
            "member": f"principalSet://iam.googleapis.com/{POOLS}/keyplan-prod/{attribute}",
            "workload_identity_provider": f"{POOLS}/keyplan-prod/providers/ci-{name.replace('_', '-')}",
        }
    start = ManifestConsumer(
        name=name,
        runtime=runtime,
        keys=("anthropic",),
        env={},
        role_arn=None,
        policy_arns=(),
        settings={},
        cloud="gcp",
        **identity,
    )
    return replace(start, **changes)


@pytest.fixture
def manifest() -> Manifest:
    """The environment `prod` of an example company."""
    return example()


def example() -> Manifest:
    """The same, for code that is no test: the documents' gallery and the measurements."""
    both = ("anthropic", "openrouter")
    model = {"ANTHROPIC_MODEL": "claude-sonnet-4-6"}
    repository = {"repository": "example/evals", "repositoryId": "123456789", "environment": "production"}
    nightly = {"project": "example/nightly", "projectId": "123456789", "issuer": "https://gitlab.com"}
    consumers = [
        consumer("web", "cloud-run", keys=both, env=model),
        consumer("batch", "cloud-run-job", env=model),
        consumer("search", "gke", keys=both, env=model, settings={"namespace": "search"}),
        consumer("worker", "compute-engine", env=model),
        consumer("images", "cloud-build", env=model),
        consumer(
            "evals", "github-actions", env=model, settings={**repository, "branches": ["main", "release/*"]}
        ),
        consumer(
            "nightly", "gitlab-ci", env=model, settings={**nightly, "branches": ["main"], "tags": ["v*"]}
        ),
        consumer("docs", "circleci", settings={"organizationId": ORGANIZATION_ID, "projectId": PROJECT_ID}),
        consumer(
            "samples",
            "buildkite",
            env=model,
            settings={"organization": "example", "pipeline": "samples", "branches": ["main"]},
        ),
        consumer(
            "invoices",
            "bitbucket-pipelines",
            env=model,
            settings={
                "workspace": "example",
                "workspaceId": WORKSPACE_ID,
                "repositoryId": REPOSITORY_ID,
                "branches": ["main", "release/*"],
            },
        ),
        consumer(
            "regression",
            "azure-pipelines",
            env=model,
            settings={
                "organizationId": ORGANIZATION_ID,
                "projectId": PROJECT_ID,
                "pipelineId": "42",
                "branches": ["main", "release/*"],
            },
        ),
        consumer(
            "summaries",
            "jenkins",
            env=model,
            settings={
                "url": "https://jenkins.example.com",
                "job": "platform/summaries",
                "issuer": "https://jenkins.example.com/oidc",
            },
        ),
        consumer(
            "shop",
            "pulumi-deployments",
            env=model,
            settings={
                "organization": "example",
                "project": "shop",
                "stack": "prod",
                "operations": ["update"],
            },
        ),
        consumer("research", "people", env=model, settings={"members": ["group:research@example.com"]}),
    ]
    keys = [key("anthropic", "ANTHROPIC_API_KEY"), key("openrouter", "OPENROUTER_API_KEY")]
    return Manifest(
        environment="prod",
        owner="platform@example.com",
        escalate_after="3d",
        aws=None,
        keys={entry.name: entry for entry in keys},
        consumers={entry.name: entry for entry in sorted(consumers, key=lambda entry: entry.name)},
        gcp=GcpLocation(
            project_id=PROJECT,
            project_number=NUMBER,
            region="europe-west1",
            operator_role=f"projects/{PROJECT}/roles/keyplan_prod_operator",
            auditor_role=f"projects/{PROJECT}/roles/keyplan_prod_auditor",
        ),
    )


def with_consumer(manifest: Manifest, name: str, **changes: Any) -> Manifest:
    """The manifest with one consumer changed."""
    changed = replace(manifest.consumers[name], **changes)
    return replace(manifest, consumers={**manifest.consumers, name: changed})


# Reading, against the sandbox's own Google Cloud


@dataclass(frozen=True)
class Store:
    """Google Cloud on this machine, and an environment in it whose values can be stored."""

    cloud: Cloud
    manifest: Manifest

    @property
    def url(self) -> str:
        """The address of every service."""
        return f"http://127.0.0.1:{self.cloud.port}"

    def put(self, value: str, *readers: str, current: bool = True) -> Manifest:
        """Store a value as `anthropic`, for these readers, and return the manifest that finds it."""
        project, secret = f"projects/{SANDBOX_PROJECT}", f"prod-{os.urandom(6).hex()}"
        path = f"/v1/{project}/secrets/{secret}"
        self.cloud.do("POST", f"/v1/{project}/secrets?secretId={secret}", {"replication": {"automatic": {}}})
        payload = {"data": base64.b64encode(value.encode()).decode()}
        self.cloud.do("POST", f"{path}:addVersion", {"payload": payload})
        if current:
            self.cloud.do("PATCH", f"{path}?updateMask=version_aliases", {"versionAliases": {"current": "1"}})
        binding = {"role": "roles/secretmanager.secretAccessor", "members": list(readers)}
        self.cloud.do("POST", f"{path}:setIamPolicy", {"policy": {"bindings": [binding] if readers else []}})
        ids = {name: entry.on_gcp().name for name, entry in self.manifest.keys.items()} | {
            "anthropic": secret
        }
        keys = {
            name: replace(entry, gcp=GcpSecretLocation(ids[name], f"{project}/secrets/{ids[name]}"))
            for name, entry in self.manifest.keys.items()
        }
        here = replace(
            self.manifest.on_gcp(), project_id=SANDBOX_PROJECT, endpoints={"secretmanager": self.url}
        )
        return replace(self.manifest, gcp=here, keys=keys)


@pytest.fixture
def store(cloud: Cloud, manifest: Manifest) -> Store:
    """Where the values of these tests are."""
    return Store(cloud, manifest)
