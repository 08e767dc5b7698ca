"""GitLab CI: the conditions on its tokens. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity, too_wide
from keyplan.catalogue import Consumer
from keyplan.ci_settings import GitlabSettings
from keyplan.errors import UsageError

# Sources of GitLab's pipelines that run for a merge request.
REQUESTS = ("merge_request_event", "external_pull_request_event")


def identity(consumer: Consumer, settings: GitlabSettings) -> CiIdentity:
    """GitLab, on gitlab.com or self-managed. A merge request's pipeline runs for its source branch, so that
    its source tells it; a push to a named branch still reads: name protected branches.

    Source: GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens", token payload; "Predefined
    CI/CD variables", CI_PIPELINE_SOURCE (checked 2026-11-21).
    """
    if settings.project_id is None:
        raise UsageError(
            f"consumer `{consumer.name}` reads on Google Cloud and names no `projectId`",
            f"add the number on the project's page in GitLab to consumer `{consumer.name}`: projectId: '123'",
        )
    kinds = [
        cel.all_of([cel.equal("assertion.ref_type", kind), cel.any_of(_refs(names))])
        for kind, names in (("branch", settings.branches), ("tag", settings.tags))
        if names
    ]
    if not kinds:
        raise too_wide(consumer)
    claims = [
        cel.equal("assertion.project_id", settings.project_id),
        cel.any_of([f"({kind})" for kind in kinds]),
        cel.none_of("assertion.pipeline_source", REQUESTS),
    ]
    return CiIdentity(
        settings.issuer.rstrip("/"),
        (),
        cel.all_of(claims),
        "assertion.project_id",
        settings.project_id,
        "assertion.job_id",
    )


def _refs(names: Sequence[str]) -> list[str]:
    return [cel.like("assertion.ref", name) for name in names]
