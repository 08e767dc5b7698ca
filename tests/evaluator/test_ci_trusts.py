"""The trusts of CI readers, judged by the evaluator with tokens written from the providers' documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.aws.account import Account as Place
from components.aws.ci.trusts import ci_identity, ci_trust
from keyplan.catalogue import Consumer, Runtime, Settings
from keyplan.ci_settings import (
    BuildkiteSettings,
    CircleciSettings,
    GithubSettings,
    GitlabSettings,
    PulumiDeploymentsSettings,
)
from tests.end_to_end.ci_tokens import buildkite_token, tokens_for
from tests.evaluator.policy_evaluator import (
    Account,
    OidcProvider,
    Role,
    can_assume_with_token,
    refused_by_iam,
)

PLACE = Place("123456789012", "aws", "eu-west-1")
ORGANIZATION, PROJECT = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"


def github(**fields: Any) -> tuple[Mapping[str, Any], Settings]:
    written = {"runtime": "github-actions", "repository": "example/evals", "repositoryId": "123456", **fields}
    settings = GithubSettings(
        repository=written["repository"],
        repository_id=written["repositoryId"],
        repository_owner_id=written.get("repositoryOwnerId"),
        environment=written.get("environment"),
        branches=tuple(written.get("branches", ())),
        tags=tuple(written.get("tags", ())),
    )
    return written, settings


def gitlab(**fields: Any) -> tuple[Mapping[str, Any], Settings]:
    written = {
        "runtime": "gitlab-ci",
        "project": "example/team/evals",
        "issuer": "https://gitlab.com",
        **fields,
    }
    branches, tags = tuple(written.get("branches", ())), tuple(written.get("tags", ()))
    return written, GitlabSettings(written["project"], branches, tags, written["issuer"])


def circleci() -> tuple[Mapping[str, Any], Settings]:
    written = {"runtime": "circleci", "organizationId": ORGANIZATION, "projectId": PROJECT}
    return written, CircleciSettings(ORGANIZATION, PROJECT)


def buildkite(*branches: str) -> tuple[Mapping[str, Any], Settings]:
    written = {
        "runtime": "buildkite",
        "organization": "example",
        "pipeline": "evals",
        "branches": list(branches),
    }
    return written, BuildkiteSettings("example", "evals", branches)


def pulumi(*operations: str) -> tuple[Mapping[str, Any], Settings]:
    written = {
        "runtime": "pulumi-deployments",
        "organization": "example",
        "project": "shop",
        "stack": "prod",
        "operations": list(operations),
    }
    return written, PulumiDeploymentsSettings("example", "shop", "prod", operations)


CASES = {
    "GitHub, a branch": github(branches=["main"]),
    "GitHub, a branch and the owner's id": github(branches=["main"], repositoryOwnerId="77"),
    "GitHub, branches by pattern": github(branches=["main", "release/*"]),
    "GitHub, tags": github(tags=["v*"]),
    "GitHub, an environment": github(environment="production"),
    "GitHub, an environment with a colon": github(environment="eu:production"),
    "GitHub, an environment and a branch": github(environment="production", branches=["main"]),
    "GitHub, an environment with the owner's id": github(environment="production", repositoryOwnerId="77"),
    "GitLab, a branch": gitlab(branches=["main"]),
    "GitLab, tags by pattern": gitlab(tags=["v*"]),
    "GitLab, self-managed": gitlab(branches=["main"], issuer="https://gitlab.example.com"),
    "CircleCI": circleci(),
    "Buildkite": buildkite("main", "release/*"),
    "Pulumi": pulumi("update", "destroy"),
}


def account_and_role(settings: Settings, runtime: str) -> tuple[Account, Role]:
    identity = ci_identity(Consumer("evals", Runtime(runtime), ("anthropic",), {}, settings))
    url = identity.issuer.removeprefix("https://")
    provider = OidcProvider(f"arn:aws:iam::123456789012:oidc-provider/{url}", url, (identity.audience,))
    account = Account("123456789012", {}, {}, {}, {}, (provider,))
    role = Role("arn:aws:iam::123456789012:role/prod-evals-reader", ci_trust(PLACE, identity), (), None)
    return account, role


@pytest.mark.parametrize("case", CASES)
def test_exactly_the_named_jobs_become_the_reader(case: str) -> None:
    written, settings = CASES[case]
    account, role = account_and_role(settings, written["runtime"])
    tokens = tokens_for(written)
    kept_out = {
        what for what, claims in tokens.welcome.items() if not can_assume_with_token(account, role, claims)
    }
    let_in = {
        what for what, claims in tokens.strangers.items() if can_assume_with_token(account, role, claims)
    }
    assert (kept_out, let_in) == (set(), set())
    assert tokens.welcome
    assert len(tokens.strangers) > 5


@pytest.mark.parametrize("case", CASES)
def test_iam_stores_the_trust(case: str) -> None:
    written, settings = CASES[case]
    assert refused_by_iam(account_and_role(settings, written["runtime"])[1].trust) is None


@pytest.mark.parametrize("case", CASES)
def test_a_job_of_one_consumer_never_becomes_another(case: str) -> None:
    written, settings = CASES[case]
    account, role = account_and_role(settings, written["runtime"])
    for other, (other_written, _) in CASES.items():
        if other.split(",")[0] == case.split(",")[0]:
            continue
        for claims in tokens_for(other_written).welcome.values():
            assert not can_assume_with_token(account, role, claims), other


@pytest.mark.parametrize("branches", [("main",), ("load*",)], ids=str)
def test_a_fork_stays_out_whatever_its_owner_is_called(branches: tuple[str, ...]) -> None:
    """Buildkite calls the branch of a fork USER:BRANCH, and whoever forks chooses both."""
    account, role = account_and_role(buildkite(*branches)[1], "buildkite")
    user = branches[0].replace("*", "er")
    for branch in ("main", "commit", f"{user}/commit"):
        claims = buildkite_token("example", "evals", f"refs/heads/{user}:{branch}")
        assert not can_assume_with_token(account, role, claims), branch
