"""Who may become a role: whole trust documents, and what none of them may ever contain."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.ci.trusts import ci_identity, ci_trust
from components.aws.policy.trusts import (
    auditor_trust,
    condition,
    ec2_trust,
    ecs_execution_trust,
    ecs_task_trust,
    irsa_trust,
    lambda_trust,
    literal,
    pattern,
    pod_identity_trust,
)
from keyplan.catalogue import EcsSettings, EksIdentity, ReadAt, Runtime, Settings
from keyplan.ci_settings import BuildkiteSettings, CircleciSettings, GithubSettings, GitlabSettings
from keyplan.errors import UsageError
from tests.components.catalogues import (
    ACCOUNT,
    CHINA,
    IRSA_ISSUER,
    ORGANIZATION,
    PROJECT,
    ROLE,
    consumer,
    eks,
    github,
)

GITHUB = "token.actions.githubusercontent.com"
RUNTIME_OF = {
    GithubSettings: Runtime.GITHUB_ACTIONS,
    GitlabSettings: Runtime.GITLAB_CI,
    CircleciSettings: Runtime.CIRCLECI,
    BuildkiteSettings: Runtime.BUILDKITE,
}


def trust(settings: Settings) -> dict[str, Any]:
    return ci_trust(ACCOUNT, ci_identity(consumer("evals", RUNTIME_OF[type(settings)], settings)))


def service(
    sid: str, principal: str, action: Any, conditions: dict[str, Any] | None = None
) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"Service": principal}, "Action": action}
    if conditions:
        statement["Condition"] = conditions
    return {"Version": "2012-10-17", "Statement": [statement]}


SERVICE_CASES = {
    "ECS before the task": (
        ecs_execution_trust(),
        service("EcsTasks", "ecs-tasks.amazonaws.com", "sts:AssumeRole"),
    ),
    "ECS": (
        ecs_task_trust(ACCOUNT),
        service(
            "EcsTasksOfThisAccount",
            "ecs-tasks.amazonaws.com",
            "sts:AssumeRole",
            {
                "StringEquals": {"aws:SourceAccount": "123456789012"},
                "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:123456789012:*"},
            },
        ),
    ),
    "ECS in China": (
        ecs_task_trust(CHINA),
        service(
            "EcsTasksOfThisAccount",
            "ecs-tasks.amazonaws.com",
            "sts:AssumeRole",
            {
                "StringEquals": {"aws:SourceAccount": "123456789012"},
                "ArnLike": {"aws:SourceArn": "arn:aws-cn:ecs:cn-north-1:123456789012:*"},
            },
        ),
    ),
    "Lambda": (lambda_trust(), service("LambdaFunctions", "lambda.amazonaws.com", "sts:AssumeRole")),
    "EC2": (ec2_trust(), service("Ec2Instances", "ec2.amazonaws.com", "sts:AssumeRole")),
    "EKS Pod Identity": (
        pod_identity_trust(ACCOUNT, eks(EksIdentity.POD_IDENTITY)),
        service(
            "PodsOfThisServiceAccount",
            "pods.eks.amazonaws.com",
            ["sts:AssumeRole", "sts:TagSession"],
            {
                "StringEquals": {
                    "aws:SourceAccount": "123456789012",
                    "aws:RequestTag/eks-cluster-name": "blue",
                    "aws:RequestTag/kubernetes-namespace": "web",
                    "aws:RequestTag/kubernetes-service-account": "chat",
                }
            },
        ),
    ),
}


@pytest.mark.parametrize("case", SERVICE_CASES)
def test_a_service_takes_only_the_role_that_is_meant_for_it(case: str) -> None:
    found, expected = SERVICE_CASES[case]
    assert found == expected


def web_identity(sid: str, provider: str, conditions: dict[str, Any]) -> dict[str, Any]:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{provider}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_one_service_account_of_a_cluster_takes_its_role_with_its_own_token() -> None:
    host = IRSA_ISSUER.removeprefix("https://")
    assert irsa_trust(ACCOUNT, eks(EksIdentity.IRSA, IRSA_ISSUER)) == web_identity(
        "PodsOfThisServiceAccount",
        host,
        {
            "StringEquals": {
                f"{host}:aud": "sts.amazonaws.com",
                f"{host}:sub": "system:serviceaccount:web:chat",
            }
        },
    )


def github_conditions(equals: dict[str, Any], like: dict[str, Any] | None = None) -> dict[str, Any]:
    always = {"aud": "sts.amazonaws.com", "repository_id": "123456"}
    conditions = {"StringEquals": {f"{GITHUB}:{name}": each for name, each in {**always, **equals}.items()}}
    if like:
        conditions["StringLike"] = {f"{GITHUB}:{name}": each for name, each in like.items()}
    return conditions


GITHUB_CASES = {
    "a branch": (
        github(),
        github_conditions(
            {
                "sub": [
                    "repo:example/evals:ref:refs/heads/main",
                    "repo:example@77/evals@123456:ref:refs/heads/main",
                ]
            }
        ),
    ),
    "a branch, the owner's id unknown": (
        github(repository_owner_id=None),
        github_conditions(
            {},
            {
                "sub": [
                    "repo:example/evals:ref:refs/heads/main",
                    "repo:example@*/evals@123456:ref:refs/heads/main",
                ]
            },
        ),
    ),
    "branches by pattern, and tags": (
        github(branches=("release/*",), tags=("v1",)),
        github_conditions(
            {},
            {
                "sub": [
                    "repo:example/evals:ref:refs/heads/release/*",
                    "repo:example/evals:ref:refs/tags/v1",
                    "repo:example@77/evals@123456:ref:refs/heads/release/*",
                    "repo:example@77/evals@123456:ref:refs/tags/v1",
                ]
            },
        ),
    ),
    "an environment with a colon": (
        github(environment="eu:prod", branches=()),
        github_conditions(
            {
                "sub": [
                    "repo:example/evals:environment:eu%3Aprod",
                    "repo:example@77/evals@123456:environment:eu%3Aprod",
                ]
            }
        ),
    ),
    "an environment and a branch": (
        github(environment="production"),
        github_conditions(
            {
                "ref": "refs/heads/main",
                "sub": [
                    "repo:example/evals:environment:production",
                    "repo:example@77/evals@123456:environment:production",
                ],
            }
        ),
    ),
    "an environment and branches by pattern": (
        github(environment="production", branches=("release/*",)),
        github_conditions(
            {
                "sub": [
                    "repo:example/evals:environment:production",
                    "repo:example@77/evals@123456:environment:production",
                ]
            },
            {"ref": "refs/heads/release/*"},
        ),
    ),
    "an environment whose name has a star": (
        github(environment="all*", branches=()),
        github_conditions(
            {},
            {
                "sub": [
                    "repo:example/evals:environment:all${*}",
                    "repo:example@77/evals@123456:environment:all${*}",
                ]
            },
        ),
    ),
}


@pytest.mark.parametrize("case", GITHUB_CASES)
def test_github_jobs_are_told_by_repository_id_and_subject(case: str) -> None:
    settings, conditions = GITHUB_CASES[case]
    assert trust(settings) == web_identity("JobsOfThisRepository", GITHUB, conditions)


def test_gitlab_jobs_are_told_by_project_and_ref() -> None:
    host = "gitlab.example.com"
    settings = GitlabSettings("group/sub/evals", ("main",), ("v1",), f"https://{host}")
    assert trust(settings) == web_identity(
        "JobsOfThisRepository",
        host,
        {
            "StringEquals": {
                f"{host}:aud": "sts.amazonaws.com",
                f"{host}:sub": [
                    "project_path:group/sub/evals:ref_type:branch:ref:main",
                    "project_path:group/sub/evals:ref_type:tag:ref:v1",
                ],
            }
        },
    )


def test_circleci_jobs_are_told_by_organization_and_project() -> None:
    host = f"oidc.circleci.com/org/{ORGANIZATION}"
    assert trust(CircleciSettings(ORGANIZATION, PROJECT)) == web_identity(
        "JobsOfThisRepository",
        host,
        {
            "StringEquals": {f"{host}:aud": ORGANIZATION},
            "StringLike": {f"{host}:sub": f"org/{ORGANIZATION}/project/{PROJECT}/user/*"},
        },
    )


def test_buildkite_jobs_are_told_by_pipeline_and_branch() -> None:
    host = "agent.buildkite.com"
    assert trust(BuildkiteSettings("example", "evals", ("main",))) == web_identity(
        "JobsOfThisRepository",
        host,
        {
            "StringEquals": {f"{host}:aud": "sts.amazonaws.com"},
            "StringLike": {
                f"{host}:sub": "organization:example:pipeline:evals:ref:refs/heads/main:commit:*:step:*"
            },
            "StringNotLike": {
                f"{host}:sub": ["organization:example:pipeline:evals:ref:refs/heads/*:*:commit:*:step:*"]
            },
        },
    )


@pytest.mark.parametrize(
    "settings",
    [
        github(branches=()),
        GitlabSettings("g/p", (), (), "https://gitlab.com"),
        BuildkiteSettings("o", "p", ()),
    ],
)
def test_a_whole_repository_is_never_trusted(settings: Settings) -> None:
    with pytest.raises(UsageError) as error:
        trust(settings)
    assert str(error.value) == "consumer `evals` names no branch, tag or deployment environment that may read"


def test_a_service_has_no_ci_identity() -> None:
    with pytest.raises(TypeError):
        ci_identity(consumer("chat", Runtime.ECS, EcsSettings(ReadAt.START, None)))


def test_the_auditor_is_who_the_catalogue_lists_or_whoever_the_account_lets() -> None:
    listed = auditor_trust(ACCOUNT, [ROLE + "b", ROLE + "a"])["Statement"][0]
    anyone = auditor_trust(ACCOUNT, [])["Statement"][0]
    assert listed["Principal"] == {"AWS": [ROLE + "a", ROLE + "b"]}
    assert anyone["Principal"] == {"AWS": ["arn:aws:iam::123456789012:root"]}


# Anything that a name could hold, weighted towards what a policy could misread.
AWKWARD = st.text(st.sampled_from("ab/-_.*?${}:%@ "), min_size=1, max_size=12)
NAMES = st.lists(AWKWARD, min_size=1, max_size=3).map(tuple)
ANY_SETTINGS = st.one_of(
    st.builds(
        GithubSettings,
        repository=st.tuples(AWKWARD, AWKWARD).map("/".join),
        repository_id=AWKWARD,
        repository_owner_id=st.none() | AWKWARD,
        environment=st.none() | AWKWARD,
        branches=NAMES,
        tags=NAMES,
    ),
    st.builds(GitlabSettings, AWKWARD, NAMES, NAMES, st.just("https://gitlab.example.com")),
    st.builds(CircleciSettings, st.uuids().map(str), AWKWARD),
    st.builds(BuildkiteSettings, AWKWARD, AWKWARD, NAMES),
)


@given(ANY_SETTINGS)
def test_no_trust_has_a_wildcard_where_it_is_none_or_a_claim_that_may_be_missing(settings: Settings) -> None:
    document = trust(settings)
    assert "ForAllValues" not in json.dumps(document)
    conditions = document["Statement"][0]["Condition"]
    # A negated operator is true for a claim that is missing: it only ever narrows what another one demands.
    assert set(conditions) <= {"StringEquals", "StringLike", "StringNotLike"}
    assert set(conditions.get("StringNotLike", ())) <= set(conditions.get("StringLike", ()))
    compared = [each for values in conditions["StringEquals"].values() for each in flat(values)]
    assert [each for each in compared if re.search(r"[*?]", each)] == []


@given(ANY_SETTINGS)
def test_every_trust_compares_the_audience_and_the_subject(settings: Settings) -> None:
    conditions = trust(settings)["Statement"][0]["Condition"]
    demanded = [claims for operator, claims in conditions.items() if operator != "StringNotLike"]
    compared = [name.rpartition(":")[2] for claims in demanded for name in claims]
    assert {"aud", "sub"} <= set(compared)
    assert len(compared) == len(set(compared))


def flat(values: Any) -> list[str]:
    return [values] if isinstance(values, str) else values


def matches(value: str, claim: str, operator: str) -> bool:
    """A condition's value against a claim, as the IAM User Guide describes variables and wildcards."""
    expression = ""
    for token in re.findall(r"\$\{[*?$]\}|.", value, re.DOTALL):
        if token.startswith("${"):
            expression += re.escape(token[2])
        elif operator == "StringLike" and token in "*?":
            expression += ".*" if token == "*" else "."
        else:
            expression += re.escape(token)
    return re.fullmatch(expression, claim, re.DOTALL) is not None


@given(AWKWARD, AWKWARD)
def test_a_literal_matches_itself_and_nothing_else(text: str, other: str) -> None:
    operator, (value,) = condition([literal(text)])
    assert matches(value, text, operator)
    assert matches(value, other, operator) == (text == other)
    assert re.search(r"\$\{(?![*?$]\})", value) is None, "IAM would read this as a variable"


@given(AWKWARD, st.text(max_size=8))
def test_only_the_star_of_a_pattern_is_a_wildcard(text: str, filling: str) -> None:
    operator, (value,) = condition([pattern(text)])
    assert matches(value, text.replace("*", filling), operator)
    if "?" in text:
        assert not matches(value, text.replace("?", "x", 1).replace("*", ""), operator)
