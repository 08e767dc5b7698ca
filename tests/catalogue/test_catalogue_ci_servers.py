"""Bitbucket Pipelines, Azure Pipelines and Jenkins name who may read narrowly enough on each cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyplan.catalogue import Catalogue, consumer_settings
from keyplan.ci_settings import AzurePipelinesSettings, BitbucketSettings, JenkinsSettings

Read = Callable[..., Catalogue]
Mistakes = Callable[..., list[str]]

WORKSPACE, REPOSITORY = "3c2b1a09-5d4e-4f6a-8b7c-9d0e1f2a3b4c", "9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a"
ENVIRONMENT, PROJECT = "1b2c3d4e-5f60-4718-892a-3b4c5d6e7f80", "271ef6f7-5998-4b0f-86fb-4b54d9129990"
BITBUCKET = (
    f"runtime: bitbucket-pipelines, workspace: example, workspaceId: {WORKSPACE}, repositoryId: {REPOSITORY}"
)
DEPLOYMENT = f"environment: Production, environmentId: {ENVIRONMENT}"
AZURE = f"runtime: azure-pipelines, organizationId: {WORKSPACE}"
CONNECTION = "organization: example, project: Our Evals, serviceConnection: keyplan evals"
PIPELINE = f"projectId: {PROJECT}, pipelineId: 42"
JENKINS = "runtime: jenkins, url: 'https://jenkins.example.com', job: platform/evals"
ON_AWS_NAME = "AWS compares the service connection: name it, and give it the check `Branch control`"
ON_GCP_NAME = "Google Cloud compares the ids of the project and of the pipeline, and the branch"

SETTINGS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "bitbucket on aws": (
        f"{BITBUCKET}, {DEPLOYMENT}",
        BitbucketSettings("example", WORKSPACE, REPOSITORY, "Production", ENVIRONMENT, ()),
        {
            "workspace": "example",
            "workspaceId": WORKSPACE,
            "repositoryId": REPOSITORY,
            "environment": "Production",
            "environmentId": ENVIRONMENT,
        },
    ),
    "bitbucket on gcp": (
        f"{BITBUCKET}, cloud: gcp, branches: [main]",
        BitbucketSettings("example", WORKSPACE, REPOSITORY, None, None, ("main",)),
        {
            "workspace": "example",
            "workspaceId": WORKSPACE,
            "repositoryId": REPOSITORY,
            "branches": ["main"],
        },
    ),
    "azure on aws": (
        f"{AZURE}, {CONNECTION}",
        AzurePipelinesSettings(WORKSPACE, "example", "Our Evals", "keyplan evals", None, None, ()),
        {
            "organizationId": WORKSPACE,
            "organization": "example",
            "project": "Our Evals",
            "serviceConnection": "keyplan evals",
        },
    ),
    "azure on gcp": (
        f"{AZURE}, cloud: gcp, {PIPELINE}, branches: [main, release/*]",
        AzurePipelinesSettings(WORKSPACE, None, None, None, PROJECT, "42", ("main", "release/*")),
        {
            "organizationId": WORKSPACE,
            "projectId": PROJECT,
            "pipelineId": "42",
            "branches": ["main", "release/*"],
        },
    ),
    "jenkins": (
        JENKINS,
        JenkinsSettings(
            "https://jenkins.example.com",
            "platform/evals",
            (),
            "https://jenkins.example.com/oidc",
            None,
            None,
        ),
        {
            "url": "https://jenkins.example.com",
            "job": "platform/evals",
            "issuer": "https://jenkins.example.com/oidc",
        },
    ),
    "jenkins with everything": (
        f"{JENKINS}, branches: [main], issuer: 'https://keys.example.com/jenkins', audience: keyplan, "
        "credentialsId: evals.token",
        JenkinsSettings(
            "https://jenkins.example.com",
            "platform/evals",
            ("main",),
            "https://keys.example.com/jenkins",
            "keyplan",
            "evals.token",
        ),
        {
            "url": "https://jenkins.example.com",
            "job": "platform/evals",
            "branches": ["main"],
            "issuer": "https://keys.example.com/jenkins",
            "audience": "keyplan",
            "credentialsId": "evals.token",
        },
    ),
}


@pytest.mark.parametrize(("fields", "expected", "spelled"), SETTINGS.values(), ids=SETTINGS)
def test_each_runtime_reads_its_fields_and_spells_them_as_it_read_them(
    catalogue_of: Read, fields: str, expected: Any, spelled: dict[str, Any]
) -> None:
    catalogue = catalogue_of(f"{{clouds: [aws, gcp], consumers: {{chat: {{keys: [anthropic], {fields}}}}}}}")
    settings = catalogue.consumers["chat"].settings
    assert settings == expected
    assert consumer_settings(settings) == spelled


NO_REF = "without it every branch and pull request could read the keys"
UUID = "a UUID in lower case without braces, from the repository's settings, Pipelines, OpenID Connect"
HTTPS = "an address that begins with https://, without a slash at its end"
BRANCH = "a name of ASCII letters, digits and `._@+=,/#-`, or a pattern with `*`"
REQUEST = "names of branches: Jenkins calls the jobs of pull and merge requests PR-… and MR-…"

MISTAKES: dict[str, tuple[str, list[str]]] = {
    "bitbucket with nothing that says which step": (
        BITBUCKET,
        [
            "consumers.ci: found none of environment, branches; "
            f"allowed: at least one of environment or branches: {NO_REF}"
        ],
    ),
    "bitbucket branches on aws": (
        f"{BITBUCKET}, {DEPLOYMENT}, branches: [main]",
        [
            "consumers.ci.branches: found a field that only gcp has; allowed: no `branches` on aws; AWS sees "
            "no branch in Bitbucket's tokens: name a deployment environment, and restrict its branches in "
            "Bitbucket"
        ],
    ),
    "bitbucket with half of an environment": (
        f"{BITBUCKET}, environment: Production",
        [
            "consumers.ci.environmentId: found nothing; "
            "allowed: with `environment`, `environmentId` too: a step names one, its token the other"
        ],
    ),
    "bitbucket with the other half of an environment": (
        f"{BITBUCKET}, environmentId: {ENVIRONMENT}",
        [
            "consumers.ci.environment: found nothing; "
            "allowed: with `environmentId`, `environment` too: a step names one, its token the other"
        ],
    ),
    "bitbucket with what the settings show instead of the ids": (
        f"runtime: bitbucket-pipelines, workspace: 'https://bitbucket.org/Example/evals', "
        f"workspaceId: 'ari:cloud:bitbucket::workspace/{WORKSPACE}', "
        f"repositoryId: '{{{REPOSITORY.upper()}}}', {DEPLOYMENT}",
        [
            "consumers.ci.workspace: found `https://bitbucket.org/Example/evals`; allowed: the workspace's "
            "id, as it stands in Bitbucket's addresses; did you mean `example`?",
            "consumers.ci.workspaceId: found `ari:cloud:bitbucket::workspace/3c2b1a09-5d4e-4f6a-8b7c-9d0e1…`;"
            f" allowed: {UUID}; did you mean `{WORKSPACE}`?",
            f"consumers.ci.repositoryId: found `{{{REPOSITORY.upper()}}}`; allowed: {UUID}; "
            f"did you mean `{REPOSITORY}`?",
        ],
    ),
    "bitbucket with a branch that would be two": (
        f"{BITBUCKET}, cloud: gcp, branches: ['a,b']",
        [
            "consumers.ci.branches[0]: found `a,b`; "
            "allowed: the name of a branch without a comma, or a pattern with `*`"
        ],
    ),
    "azure on aws with the ids of google cloud": (
        f"{AZURE}, {CONNECTION}, {PIPELINE}, branches: [main]",
        [
            f"consumers.ci.{name}: found a field that only gcp has; "
            f"allowed: no `{name}` on aws; {ON_AWS_NAME}"
            for name in ("projectId", "pipelineId", "branches")
        ],
    ),
    "azure on google cloud with a connection": (
        f"{AZURE}, cloud: gcp, {PIPELINE}, branches: [main], serviceConnection: evals",
        [
            "consumers.ci.serviceConnection: found a field that only aws has; "
            f"allowed: no `serviceConnection` on gcp; {ON_GCP_NAME}"
        ],
    ),
    "azure with nothing": (
        "runtime: azure-pipelines",
        [
            "consumers.ci.organizationId: found nothing; "
            "allowed: UUID, as in `0ca3ddd9-f0b0-4635-a98c-5866526961b6`",
            "consumers.ci.organization: found nothing; allowed: text, as in `example`",
            "consumers.ci.project: found nothing; allowed: text, as in `evals`",
            "consumers.ci.serviceConnection: found nothing; allowed: text, as in `keyplan-evals`",
        ],
    ),
    "azure with an address and names that would match more": (
        f"{AZURE}, organization: 'https://dev.azure.com/example', project: 'Ev*', serviceConnection: 'a/b'",
        [
            "consumers.ci.organization: found `https://dev.azure.com/example`; allowed: the organization's "
            "name, as it stands behind `dev.azure.com/`; did you mean `example`?",
            *(
                f"consumers.ci.{name}: found `{found}`; "
                "allowed: its name as Azure DevOps shows it, without `/` and wildcards"
                for name, found in (("project", "Ev*"), ("serviceConnection", "a/b"))
            ),
        ],
    ),
    "azure without branches on google cloud": (
        f"{AZURE}, cloud: gcp, {PIPELINE}, branches: []",
        ["consumers.ci.branches: found an empty list; allowed: a list of branches, at least 1"],
    ),
    "jenkins with the address of the job": (
        "runtime: jenkins, url: 'http://Jenkins.example.com/', "
        "job: 'https://jenkins.example.com/job/platform/job/evals/'",
        [
            f"consumers.ci.url: found `http://Jenkins.example.com/`; allowed: {HTTPS}; "
            "did you mean `https://jenkins.example.com`?",
            "consumers.ci.job: found `https://jenkins.example.com/job/platform/job/evals/`; "
            "allowed: the job's full name, with its folders; did you mean `platform/evals`?",
        ],
    ),
    "jenkins with branches that tell nobody apart": (
        f"{JENKINS}, branches: ['*', 'PR-7', 'MR-*', 'größe', 'a%b']",
        [
            "consumers.ci.branches[0]: found `*`; allowed: names or narrower patterns, as in `main` or "
            "`release/*`: with this one, anybody who may push could read the keys",
            f"consumers.ci.branches[1]: found `PR-7`; allowed: {REQUEST}",
            f"consumers.ci.branches[2]: found `MR-*`; allowed: {REQUEST}",
            f"consumers.ci.branches[3]: found `größe`; allowed: {BRANCH}",
            f"consumers.ci.branches[4]: found `a%b`; allowed: {BRANCH}",
        ],
    ),
}


@pytest.mark.parametrize(("fields", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_consumer_without_what_its_trust_needs_is_refused(
    mistakes_of: Mistakes, fields: str, expected: list[str]
) -> None:
    written = f"{{clouds: [aws, gcp], consumers: {{ci: {{keys: [anthropic], {fields}}}}}}}"
    assert mistakes_of(written) == expected


@pytest.mark.parametrize(
    ("branch", "address"),
    [
        ("main", "main"),
        ("release/1.0", "release%252F1.0"),
        ("release/*", "release%252F*"),
        ("feature#7", "feature%25237"),
        ("a,b=c+d@e", "a,b=c+d@e"),
    ],
)
def test_the_address_of_a_branchs_job_is_what_jenkins_makes_of_it(branch: str, address: str) -> None:
    settings = JenkinsSettings("https://ci.example.com/jenkins", "our team/evals", (branch,), "", None, None)
    assert settings.subjects == (f"https://ci.example.com/jenkins/job/our%20team/job/evals/job/{address}/",)
