"""A realistic environment: consumers of every runtime that has a target, and of some that have none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyplan.manifest.model import AwsLocation, Manifest, ManifestConsumer, ManifestKey, SecretLocation

ACCOUNT = "123456789012"
REGION = "eu-west-1"
ORGANIZATION_ID = "1c9d6a52-0000-4000-8000-000000000000"
PROJECT_ID = "7f3b8e14-0000-4000-8000-000000000000"
WORKSPACE_ID = "3c2b1a09-0000-4000-8000-000000000000"
REPOSITORY_ID = "9f8e7d6c-0000-4000-8000-000000000000"
ENVIRONMENT_ID = "1b2c3d4e-0000-4000-8000-000000000000"


def key(name: str, env_var: str, suffix: str) -> ManifestKey:
    """A key as the stack exports it."""
    secret = f"prod/{name}-api-key"
    return ManifestKey(
        name=name,
        vendor="anthropic" if name == "anthropic" else "generic",
        owner="ml@example.com",
        env_var=env_var,
        value_format=None,
        rotate_every="90d",
        remind_before="14d",
        grace="7d",
        aws=SecretLocation(
            name=secret,
            arn=f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{secret}-{suffix}",
            json_key=env_var,
        ),
    )


def consumer(name: str, runtime: str, **changes: Any) -> ManifestConsumer:
    """A consumer of the key `anthropic`, with the names that keyplan gives to role and policy."""
    role = None if runtime == "people" else f"arn:aws:iam::{ACCOUNT}:role/prod-{name}-reader"
    start = ManifestConsumer(
        name=name,
        runtime=runtime,
        keys=("anthropic",),
        env={},
        role_arn=role,
        policy_arns=(f"arn:aws:iam::{ACCOUNT}:policy/prod-{name}-reader",),
        settings={},
    )
    return replace(start, **changes)


@pytest.fixture
def manifest() -> Manifest:
    """The environment `prod` of an example company."""
    return example()


def example() -> Manifest:
    """The same, for code that is no test: the documents' gallery and the measurements."""
    consumers = [
        consumer(
            "chat-api",
            "ecs",
            keys=("anthropic", "openrouter"),
            env={"ANTHROPIC_MODEL": "claude-sonnet-4-6", "ANTHROPIC_MAX_TOKENS": "4096"},
            settings={"readAt": "start"},
        ),
        consumer("batch", "ecs", env={"ANTHROPIC_ENV": "prod"}, settings={"readAt": "run"}),
        consumer("thumbnails", "lambda", env={"ANTHROPIC_MODEL": "claude-haiku-4-5"}),
        consumer(
            "evals",
            "github-actions",
            env={"ANTHROPIC_MODEL": "claude-sonnet-4-6"},
            settings={
                "repository": "example/evals",
                "repositoryId": "123456789",
                "environment": "production",
                "branches": ["main", "release/*"],
                "tags": [],
            },
        ),
        consumer(
            "search",
            "eks",
            keys=("anthropic", "openrouter"),
            env={"ANTHROPIC_MODEL": "claude-sonnet-4-6"},
            settings={
                "cluster": "main",
                "namespace": "search",
                "serviceAccount": "search",
                "identity": "irsa",
            },
        ),
        consumer(
            "indexer",
            "eks",
            settings={
                "cluster": "main",
                "namespace": "search",
                "serviceAccount": "indexer",
                "identity": "pod-identity",
                "deployment": "indexer-v2",
            },
        ),
        consumer("workbench", "ec2", env={"ANTHROPIC_MODEL": "claude-sonnet-4-6"}),
        consumer("reports", "iam-role", env={"ANTHROPIC_MODEL": "claude-haiku-4-5"}),
        consumer("nightly", "gitlab-ci", settings={"project": "example/nightly", "branches": ["main"]}),
        consumer(
            "changelog", "circleci", settings={"organizationId": ORGANIZATION_ID, "projectId": PROJECT_ID}
        ),
        consumer(
            "translations",
            "buildkite",
            env={"ANTHROPIC_MODEL": "claude-haiku-4-5"},
            settings={
                "organization": "example",
                "pipeline": "translations",
                "branches": ["main", "release/*"],
            },
        ),
        consumer("image-tests", "codebuild", settings={"projectName": "image-tests"}),
        consumer(
            "shop",
            "pulumi-deployments",
            env={"ANTHROPIC_MODEL": "claude-haiku-4-5"},
            settings={
                "organization": "example",
                "project": "shop",
                "stack": "prod",
                "operations": ["update", "refresh"],
            },
        ),
        consumer(
            "invoices",
            "bitbucket-pipelines",
            env={"ANTHROPIC_MODEL": "claude-haiku-4-5"},
            settings={
                "workspace": "example",
                "workspaceId": WORKSPACE_ID,
                "repositoryId": REPOSITORY_ID,
                "environment": "Production",
                "environmentId": ENVIRONMENT_ID,
            },
        ),
        consumer(
            "regression",
            "azure-pipelines",
            env={"ANTHROPIC_MODEL": "claude-haiku-4-5"},
            settings={
                "organizationId": ORGANIZATION_ID,
                "organization": "example",
                "project": "evals",
                "serviceConnection": "keyplan-regression",
            },
        ),
        consumer(
            "summaries",
            "jenkins",
            env={"ANTHROPIC_MODEL": "claude-haiku-4-5"},
            settings={
                "url": "https://jenkins.example.com",
                "job": "platform/summaries",
                "branches": ["main", "release/*"],
                "issuer": "https://jenkins.example.com/oidc",
            },
        ),
        consumer("research", "people", env={"ANTHROPIC_MODEL": "claude-opus-4-6"}),
    ]
    keys = [
        key("anthropic", "ANTHROPIC_API_KEY", "AbC12d"),
        key("openrouter", "OPENROUTER_API_KEY", "x9Y8z7"),
    ]
    return Manifest(
        environment="prod",
        owner="platform@example.com",
        escalate_after="3d",
        aws=AwsLocation(
            account_id=ACCOUNT,
            partition="aws",
            region=REGION,
            kms_key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1b2c3d4e-0000-4000-8000-000000000000",
            operator_policy_arns=(f"arn:aws:iam::{ACCOUNT}:policy/prod-keyplan-operator",),
            auditor_role_arn=f"arn:aws:iam::{ACCOUNT}:role/prod-keyplan-auditor",
        ),
        keys={entry.name: entry for entry in keys},
        consumers={entry.name: entry for entry in sorted(consumers, key=lambda entry: entry.name)},
    )
