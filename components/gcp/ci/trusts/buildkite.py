"""Buildkite: the conditions on its tokens. Pure."""

from __future__ import annotations

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity, too_wide
from keyplan.catalogue import Consumer
from keyplan.ci_settings import BuildkiteSettings

ISSUER = "https://agent.buildkite.com"


def identity(consumer: Consumer, settings: BuildkiteSettings) -> CiIdentity:
    """Buildkite: one pipeline's branches. Ids are in no token that did not ask for them, so the slugs decide.

    A fork's build has `USER:BRANCH` as its branch; nothing here matches a colon in a branch's place.
    Source: Buildkite Docs, "OpenID Connect (OIDC) with Buildkite", claims (checked 2026-11-21).
    """
    if not settings.branches:
        raise too_wide(consumer)
    pipeline = f"organization:{settings.organization}:pipeline:{settings.pipeline}:ref:refs/heads/"
    subjects = [
        cel.matches(
            "assertion.sub",
            f"{cel.regex_of(pipeline)}{cel.regex_of(branch, '[^:]*')}:commit:[^:]*:step:[^:]*",
        )
        for branch in settings.branches
    ]
    slugs = [
        cel.equal("assertion.organization_slug", settings.organization),
        cel.equal("assertion.pipeline_slug", settings.pipeline),
    ]
    return CiIdentity(
        ISSUER,
        (),
        cel.all_of([*slugs, cel.any_of(subjects)]),
        f"assertion.organization_slug + {cel.literal('/')} + assertion.pipeline_slug",
        f"{settings.organization}/{settings.pipeline}",
        "assertion.job_id",
    )
