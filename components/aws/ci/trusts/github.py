"""GitHub Actions: the trust of its tokens. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import WEB_IDENTITY_AUDIENCE, literal, pattern
from keyplan.ci_settings import GithubSettings

ISSUER = "https://token.actions.githubusercontent.com"


def identity(settings: GithubSettings) -> CiIdentity:
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
    return CiIdentity(ISSUER, WEB_IDENTITY_AUDIENCE, tuple(claims))


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


def _refs(branches: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
    heads = (f"refs/heads/{pattern(branch)}" for branch in branches)
    return (*heads, *(f"refs/tags/{pattern(tag)}" for tag in tags))
