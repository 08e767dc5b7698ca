"""The trusts of CI runners: which job of which repository may become a reader. Pure.

Each provider's token names its job in `sub`; the forms are the providers' own (docs/aws.md lists them). A
consumer always names branches, tags or a deployment environment: a trust in a whole repository would let
the code of any pull request read the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from components.aws.account import Account
from components.aws.policy.documents import Document
from components.aws.policy.trusts import (
    WEB_IDENTITY_AUDIENCE,
    condition,
    issuer_host,
    literal,
    pattern,
    provider_arn,
    statement_document,
)
from keyplan.catalogue import (
    BuildkiteSettings,
    CircleciSettings,
    Consumer,
    GithubSettings,
    GitlabSettings,
)
from keyplan.errors import UsageError

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
CIRCLECI_ISSUER = "https://oidc.circleci.com/org/"
BUILDKITE_ISSUER = "https://agent.buildkite.com"


@dataclass(frozen=True)
class CiIdentity:
    """Who signs a runner's tokens, and which of them become the reader."""

    issuer: str  # the provider's address, https://…
    audience: str  # the `aud` that the runner asks for
    claims: tuple[tuple[str, tuple[str, ...]], ...]  # claim -> values as a condition has them, any may match
    excluded_subjects: tuple[str, ...] = ()  # patterns of `sub` that are refused although a claim matches


def ci_identity(consumer: Consumer) -> CiIdentity:
    """The identity of a CI consumer's jobs.

    Raises:
        UsageError: it names no branch, no tag and no deployment environment.
        TypeError: the consumer's runtime is no CI provider.
    """
    settings: Any = consumer.settings
    build = _BUILDERS.get(type(settings))
    if build is None:
        raise TypeError(f"consumer {consumer.name} does not run in CI")
    identity = build(settings)
    if not all(values for _, values in identity.claims):
        raise UsageError(
            f"consumer `{consumer.name}` names no branch, tag or deployment environment that may read",
            f"add `branches: [main]` to consumer `{consumer.name}`",
        )
    return identity


def ci_trust(account: Account, identity: CiIdentity) -> Document:
    """The trust policy of a CI reader's role: audience and every claim must match."""
    host = issuer_host(identity.issuer)
    conditions: dict[str, dict[str, Any]] = {}
    for claim, values in (("aud", (literal(identity.audience),)), *identity.claims):
        operator, listed = condition(values)
        conditions.setdefault(operator, {})[f"{host}:{claim}"] = listed if len(listed) > 1 else listed[0]
    if identity.excluded_subjects:
        conditions["StringNotLike"] = {f"{host}:sub": list(identity.excluded_subjects)}
    return statement_document(
        "JobsOfThisRepository",
        {"Federated": provider_arn(account, host)},
        ["sts:AssumeRoleWithWebIdentity"],
        conditions,
    )


def _github(settings: GithubSettings) -> CiIdentity:
    """GitHub: `repository_id` never changes hands, `sub` says what the job runs for.

    `sub` ends in `environment:NAME` for a job with a deployment environment, and only otherwise in the ref;
    with both given the claim `ref` is compared too. `pull_request` is never among the subjects.
    Source: GitHub Docs, "OpenID Connect reference"; IAM User Guide, "Available keys for AWS OIDC federation"
    (checked 2026-11-21).
    """
    refs = _refs(settings.branches, settings.tags)
    claims: list[tuple[str, tuple[str, ...]]] = [("repository_id", (literal(settings.repository_id),))]
    if settings.environment is not None:
        suffixes: tuple[str, ...] = ("environment:" + literal(settings.environment.replace(":", "%3A")),)
        if refs:
            claims.append(("ref", refs))
    else:
        suffixes = tuple(f"ref:{ref.replace(':', '%3A')}" for ref in refs)
    claims.append(
        ("sub", tuple(f"repo:{name}:{suffix}" for name in _repository_forms(settings) for suffix in suffixes))
    )
    return CiIdentity(GITHUB_ISSUER, WEB_IDENTITY_AUDIENCE, tuple(claims))


def _repository_forms(settings: GithubSettings) -> tuple[str, str]:
    """OWNER/REPO as tokens name it: the old form, and the one with ids of repositories made, renamed or
    transferred after 2026-07-15.

    Without the owner's id its place is a wildcard; `repository_id` keeps the trust exact all the same.
    """
    owner, _, name = settings.repository.partition("/")
    owner_id = "*" if settings.repository_owner_id is None else literal(settings.repository_owner_id)
    return (
        literal(settings.repository),
        f"{literal(owner)}@{owner_id}/{literal(name)}@{literal(settings.repository_id)}",
    )


def _gitlab(settings: GitlabSettings) -> CiIdentity:
    """GitLab, on gitlab.com or self-managed. A merge request's job runs for its source branch, so whoever
    may push to a named branch may read: name protected branches.

    Source: GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens" (checked 2026-11-21).
    """
    kinds = (("branch", settings.branches), ("tag", settings.tags))
    subjects = tuple(
        f"project_path:{literal(settings.project)}:ref_type:{kind}:ref:{pattern(name)}"
        for kind, names in kinds
        for name in names
    )
    return CiIdentity(settings.issuer.rstrip("/"), WEB_IDENTITY_AUDIENCE, (("sub", subjects),))


def _circleci(settings: CircleciSettings) -> CiIdentity:
    """CircleCI: one project of one organization. The star: whoever pushed is part of the subject.

    Source: CircleCI Docs, "Using OpenID Connect tokens in jobs" (checked 2026-11-21).
    """
    organization, project = literal(settings.organization_id), literal(settings.project_id)
    return CiIdentity(
        CIRCLECI_ISSUER + settings.organization_id,
        settings.organization_id,
        (("sub", (f"org/{organization}/project/{project}/user/*",)),),
    )


def _buildkite(settings: BuildkiteSettings) -> CiIdentity:
    """Buildkite: one pipeline's branches. The stars: commit and step are part of the subject.

    A fork's build has `USER:BRANCH` as its branch, so that user `main` with a branch `commit` would meet the
    pattern of branch `main`. A branch's own name has no colon: a subject with one in that place is refused.

    Source: Buildkite Docs, "OIDC with AWS" (checked 2026-11-21).
    """
    pipeline = f"organization:{literal(settings.organization)}:pipeline:{literal(settings.pipeline)}"
    subjects = tuple(
        f"{pipeline}:ref:refs/heads/{pattern(branch)}:commit:*:step:*" for branch in settings.branches
    )
    forks = (f"{pipeline}:ref:refs/heads/*:*:commit:*:step:*",)
    return CiIdentity(BUILDKITE_ISSUER, WEB_IDENTITY_AUDIENCE, (("sub", subjects),), forks)


def _refs(branches: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
    heads = (f"refs/heads/{pattern(branch)}" for branch in branches)
    return (*heads, *(f"refs/tags/{pattern(tag)}" for tag in tags))


_BUILDERS: dict[type, Callable[[Any], CiIdentity]] = {
    GithubSettings: _github,
    GitlabSettings: _gitlab,
    CircleciSettings: _circleci,
    BuildkiteSettings: _buildkite,
}
