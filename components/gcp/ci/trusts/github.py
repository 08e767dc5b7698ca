"""GitHub Actions: the conditions on its tokens. Pure."""

from __future__ import annotations

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity, too_wide
from keyplan.catalogue import Consumer
from keyplan.ci_settings import GithubSettings

ISSUER = "https://token.actions.githubusercontent.com"
# Events of GitHub whose code or input is a stranger's: a pull request, from a fork too.
REQUESTS = ("pull_request", "pull_request_target")


def identity(consumer: Consumer, settings: GithubSettings) -> CiIdentity:
    """GitHub: `repository_id` and `repository_owner_id` never change hands, `ref` says what the job runs for.

    A job with a deployment environment has the claim `environment`; without one the claim is missing, and the
    comparison an error, which refuses it. Both given, both are compared.
    Source: GitHub Docs, "OpenID Connect reference" (checked 2026-11-21).
    """
    claims = [cel.equal("assertion.repository_id", settings.repository_id)]
    if settings.repository_owner_id is not None:
        claims.append(cel.equal("assertion.repository_owner_id", settings.repository_owner_id))
    if settings.environment is not None:
        claims.append(cel.equal("assertion.environment", settings.environment))
    refs = [
        *(cel.like("assertion.ref", branch, "refs/heads/") for branch in settings.branches),
        *(cel.like("assertion.ref", tag, "refs/tags/") for tag in settings.tags),
    ]
    if refs:
        claims.append(cel.any_of(refs))
    elif settings.environment is None:
        raise too_wide(consumer)
    claims.append(cel.none_of("assertion.event_name", REQUESTS))
    return CiIdentity(
        ISSUER,
        (),
        cel.all_of(claims),
        "assertion.repository_id",
        settings.repository_id,
        "assertion.run_id",
    )
