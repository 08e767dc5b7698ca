"""CodeBuild's projects, Pulumi's stacks and CircleCI's branches name who may read narrowly enough."""

from collections.abc import Callable

import pytest

Mistakes = Callable[..., list[str]]

CIRCLECI = (
    "runtime: circleci, keys: [anthropic], organizationId: 2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a, "
    "projectId: 7f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f"
)
PULUMI = "runtime: pulumi-deployments, keys: [anthropic], organization: example, project: shop, stack: prod"
REPOSITORY = "the repository with its host, as in `github.com/example/changelog`"
NAME = "a name of letters, digits, `-`, `_` and `.`, without `/`"

MISTAKES = {
    "circleci with branches of any repository": (
        f"{CIRCLECI}, branches: [main]",
        [
            "consumers.ci.repository: found nothing; allowed: with `branches`, the repository too, as in "
            "`github.com/example/changelog`: a fork can have a branch of the same name"
        ],
    ),
    "circleci with a repository and every branch of it": (
        f"{CIRCLECI}, repository: github.com/example/changelog",
        [
            "consumers.ci.branches: found nothing; "
            "allowed: with `repository`, the branches whose runs may read"
        ],
    ),
    "circleci with every branch": (
        f"{CIRCLECI}, repository: github.com/example/changelog, branches: ['*']",
        [
            "consumers.ci.branches[0]: found `*`; allowed: names or narrower patterns, as in `main` or "
            "`release/*`: with this one, anybody who may push could read the keys"
        ],
    ),
    "circleci with the address of the repository": (
        f"{CIRCLECI}, repository: 'git@github.com:example/changelog.git', branches: [main]",
        [
            f"consumers.ci.repository: found `git@github.com:example/changelog.git`; allowed: {REPOSITORY}; "
            "did you mean `github.com/example/changelog`?"
        ],
    ),
    "circleci with a repository of any owner": (
        f"{CIRCLECI}, repository: 'github.com/*/changelog', branches: [main]",
        [f"consumers.ci.repository: found `github.com/*/changelog`; allowed: {REPOSITORY}"],
    ),
    "codebuild without a project": (
        "runtime: codebuild, keys: [anthropic]",
        ["consumers.ci.projectName: found nothing; allowed: project name, as in `nightly-evals`"],
    ),
    "codebuild with the project's ARN": (
        "runtime: codebuild, keys: [anthropic], "
        "projectName: 'arn:aws:codebuild:eu-west-1:111122223333:project/image-tests'",
        [
            "consumers.ci.projectName: found `arn:aws:codebuild:eu-west-1:111122223333:project/image-tests`; "
            "allowed: the name of a build project, without ARN; did you mean `image-tests`?"
        ],
    ),
    "codebuild with any project": (
        "runtime: codebuild, keys: [anthropic], projectName: '*'",
        ["consumers.ci.projectName: found `*`; allowed: the name of a build project, without ARN"],
    ),
    "pulumi with previews, which pull requests start": (
        f"{PULUMI}, operations: [update, preview]",
        [
            "consumers.ci.operations[1]: found `preview`; allowed: update, refresh or destroy (preview is "
            "run for pull requests too, so that anybody who opens one could read the keys)"
        ],
    ),
    "pulumi with no operation": (
        f"{PULUMI}, operations: []",
        ["consumers.ci.operations: found an empty list; allowed: a list of operations, at least 1"],
    ),
    "pulumi with an operation mistyped": (
        f"{PULUMI}, operations: [updates]",
        [
            "consumers.ci.operations[0]: found `updates`; allowed: update, refresh or destroy; "
            "did you mean `update`?"
        ],
    ),
    "pulumi with a whole name, and with what a subject would take apart": (
        "runtime: pulumi-deployments, keys: [anthropic], organization: 'a:b', project: '*', "
        "stack: example/shop/prod",
        [
            f"consumers.ci.organization: found `a:b`; allowed: {NAME}",
            f"consumers.ci.project: found `*`; allowed: {NAME}",
            f"consumers.ci.stack: found `example/shop/prod`; allowed: {NAME}",
        ],
    ),
}


@pytest.mark.parametrize(("fields", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_trust_that_would_be_too_wide_is_refused(
    mistakes_of: Mistakes, fields: str, expected: list[str]
) -> None:
    assert mistakes_of(f"consumers: {{ci: {{{fields}}}}}") == expected


def test_codebuild_reads_on_aws_alone(mistakes_of: Mistakes) -> None:
    [mistake] = mistakes_of(
        "{clouds: [aws, gcp], consumers: "
        "{ci: {runtime: codebuild, keys: [anthropic], projectName: image-tests, cloud: gcp}}}"
    )
    assert mistake.startswith(
        "consumers.ci.cloud: found an unknown field; allowed: no `cloud` with runtime codebuild"
    )
