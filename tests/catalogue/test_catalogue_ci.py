"""CI consumers name who may read narrowly enough that no stranger can."""

from collections.abc import Callable

import pytest

Mistakes = Callable[..., list[str]]

NO_REF = "without it every branch and pull request could read the keys"
REF = "the name of a branch or a tag, or a pattern with `*`, without `refs/heads/`"
ANYBODY = (
    "names or narrower patterns, as in `main` or `release/*`: with this one, "
    "anybody who may push could read the keys"
)
GITHUB = "runtime: github-actions, keys: [anthropic], repository: example/evals, repositoryId: '123'"
GITLAB = "runtime: gitlab-ci, keys: [anthropic], project: example/evals"
EKS = "runtime: eks, keys: [anthropic], cluster: main, namespace: web, serviceAccount: chat"

MISTAKES = {
    "github with nothing": (
        "runtime: github-actions, keys: [anthropic]",
        [
            "consumers.ci.repository: found nothing; allowed: OWNER/NAME, as in `example/evals`",
            "consumers.ci.repositoryId: found nothing; allowed: number, as in `123456789`",
            f"consumers.ci: found none of environment, branches, tags; "
            f"allowed: at least one of environment, branches or tags: {NO_REF}",
        ],
    ),
    "github with the address of the repository and no number": (
        "runtime: github-actions, keys: [anthropic], repository: 'https://github.com/example/evals.git', "
        "repositoryId: example, branches: [main]",
        [
            "consumers.ci.repository: found `https://github.com/example/evals.git`; "
            "allowed: OWNER/NAME; did you mean `example/evals`?",
            "consumers.ci.repositoryId: found `example`; "
            "allowed: the repository's number; `gh api repos/OWNER/NAME --jq .id` shows it",
        ],
    ),
    "github with a repository of any owner": (
        "runtime: github-actions, keys: [anthropic], repository: '*/evals', repositoryId: 1, "
        "branches: [main]",
        ["consumers.ci.repository: found `*/evals`; allowed: OWNER/NAME"],
    ),
    "github with an environment that is a pattern": (
        f"{GITHUB}, environment: 'prod*'",
        [
            "consumers.ci.environment: found `prod*`; "
            "allowed: the name of a deployment environment, without wildcards"
        ],
    ),
    "github with a number that is a boolean": (
        f"{GITHUB.replace(chr(39) + '123' + chr(39), 'true')}, branches: [main]",
        [
            "consumers.ci.repositoryId: found `true`; "
            "allowed: the repository's number; `gh api repos/OWNER/NAME --jq .id` shows it"
        ],
    ),
    "every branch": (
        f"{GITHUB}, branches: ['*', '**', '*/*']",
        [
            f"consumers.ci.branches[{n}]: found `{ref}`; allowed: {ANYBODY}"
            for n, ref in enumerate(["*", "**", "*/*"])
        ],
    ),
    "every tag": (f"{GITLAB}, tags: ['*']", [f"consumers.ci.tags[0]: found `*`; allowed: {ANYBODY}"]),
    "references with their prefix": (
        f"{GITHUB}, branches: [refs/heads/main], tags: [refs/tags/v1]",
        [
            f"consumers.ci.branches[0]: found `refs/heads/main`; allowed: {REF}; did you mean `main`?",
            f"consumers.ci.tags[0]: found `refs/tags/v1`; allowed: {REF}; did you mean `v1`?",
        ],
    ),
    "branches that git does not know": (
        f"{GITHUB}, branches: ['a b', 'a?', 'a..b', '/a', 'a/', 'a:b', 'a~1', '${{x}}', '']",
        [
            f"consumers.ci.branches[{n}]: found {found}; allowed: {REF}"
            for n, found in enumerate(
                ["`a b`", "`a?`", "`a..b`", "`/a`", "`a/`", "`a:b`", "`a~1`", "`${x}`", "empty text"]
            )
        ],
    ),
    "gitlab without a group": (
        "runtime: gitlab-ci, keys: [anthropic], project: evals, branches: [main]",
        [
            "consumers.ci.project: found `evals`; allowed: the project's full path, as in "
            "`group/subgroup/name`"
        ],
    ),
    "gitlab without a branch or a tag": (
        GITLAB,
        [f"consumers.ci: found none of branches, tags; allowed: at least one of branches or tags: {NO_REF}"],
    ),
    "gitlab with an issuer that ends in a slash": (
        f"{GITLAB}, branches: [main], issuer: 'https://gitlab.example.com/'",
        [
            "consumers.ci.issuer: found `https://gitlab.example.com/`; allowed: https:// and a host, "
            "without a path and without a trailing slash; did you mean `https://gitlab.example.com`?"
        ],
    ),
    "gitlab with an issuer without encryption": (
        f"{GITLAB}, branches: [main], issuer: 'http://gitlab.example.com'",
        [
            "consumers.ci.issuer: found `http://gitlab.example.com`; allowed: https:// and a host, "
            "without a path and without a trailing slash; did you mean `https://gitlab.example.com`?"
        ],
    ),
    "circleci with names instead of identifiers": (
        "runtime: circleci, keys: [anthropic], organizationId: 2D1D9C5E-0D4B-4C8E-9F3A-6B7C8D9E0F1A, "
        "projectId: evals",
        [
            "consumers.ci.organizationId: found `2D1D9C5E-0D4B-4C8E-9F3A-6B7C8D9E0F1A`; "
            "allowed: a UUID in lower "
            "case, as the project's settings show it; did you mean `2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a`?",
            "consumers.ci.projectId: found `evals`; "
            "allowed: a UUID in lower case, as the project's settings show it",
        ],
    ),
    "circleci with nothing": (
        "runtime: circleci, keys: [anthropic]",
        [
            "consumers.ci.organizationId: found nothing; "
            "allowed: UUID, as in `2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a`",
            "consumers.ci.projectId: found nothing; allowed: UUID, as in "
            "`7f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f`",
        ],
    ),
    "buildkite with a title and without a branch": (
        "runtime: buildkite, keys: [anthropic], organization: My Org, pipeline: p, branches: []",
        [
            "consumers.ci.organization: found `My Org`; "
            "allowed: a slug, as it stands in Buildkite's addresses; did you mean `my-org`?",
            "consumers.ci.branches: found an empty list; allowed: a list of branches, at least 1",
        ],
    ),
    "buildkite with a pattern that a step's key could meet": (
        "runtime: buildkite, keys: [anthropic], organization: o, pipeline: p, branches: ['*-stable', 'v*']",
        [
            "consumers.ci.branches[0]: found `*-stable`; "
            "allowed: a name, or a pattern with one `*` at its end, as in `release/*`"
        ],
    ),
    "role that is not there": (
        "runtime: iam-role, keys: [anthropic]",
        [
            "consumers.ci.roleArn: found nothing; allowed: role ARN, as in "
            "`arn:aws:iam::111122223333:role/batch`"
        ],
    ),
    "irsa without the cluster's issuer": (
        f"{EKS}, identity: irsa",
        [
            "consumers.ci.oidcIssuer: found nothing; allowed: the cluster's issuer, which "
            "IRSA's trust names; "
            "`aws eks describe-cluster --query cluster.identity.oidc.issuer` shows it"
        ],
    ),
    "pod identity with an issuer": (
        f"{EKS}, oidcIssuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/AB'",
        [
            "consumers.ci.oidcIssuer: found `https://oidc.eks.eu-west-1.amazonaws.com/id/AB`; "
            "allowed: no issuer with pod-identity; `identity: irsa` takes one"
        ],
    ),
    "issuer with a trailing slash": (
        f"{EKS}, identity: irsa, oidcIssuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/AB/'",
        [
            "consumers.ci.oidcIssuer: found `https://oidc.eks.eu-west-1.amazonaws.com/id/AB/`; "
            "allowed: an https "
            "address without a trailing slash; did you mean `https://oidc.eks.eu-west-1.amazonaws.com/id/AB`?"
        ],
    ),
}


@pytest.mark.parametrize(("fields", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_consumer_without_what_its_trust_needs_is_refused(
    mistakes_of: Mistakes, fields: str, expected: list[str]
) -> None:
    assert mistakes_of(f"consumers: {{ci: {{{fields}}}}}") == expected


@pytest.mark.parametrize("ref", ["main", "release/*", "feature/a-b_c.d", "v1.*", "*-stable", "@", "日本"])
def test_names_and_patterns_that_say_something_are_allowed(mistakes_of: Mistakes, ref: str) -> None:
    assert mistakes_of(f"consumers: {{ci: {{{GITHUB}, branches: ['{ref}']}}}}") == []
