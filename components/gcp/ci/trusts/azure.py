"""Azure Pipelines: the conditions on its tokens. Pure."""

from __future__ import annotations

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity, too_wide
from keyplan.catalogue import Consumer
from keyplan.ci_settings import AzurePipelinesSettings
from keyplan.errors import UsageError

AUDIENCE = "api://AzureADTokenExchange"  # nobody can ask for another one


def identity(consumer: Consumer, settings: AzurePipelinesSettings) -> CiIdentity:
    """Azure Pipelines: one pipeline of one project, both by id, and its branches.

    This is the token of a run itself, without a service connection; it alone has these claims. A pull
    request's run has `refs/pull/N/merge` as its ref.

    Source: Azure DevOps REST API, "Oidctoken - Create" (the connection is optional). No document of
    Microsoft's lists the claims: they are as users of the token wrote them down, Teleport's RFD 211 and
    sigstore/fulcio issue 1803 (checked 2026-11-21).
    """
    if settings.project_id is None or settings.pipeline_id is None:
        raise UsageError(
            f"consumer `{consumer.name}` reads on Google Cloud and names no `projectId` or no `pipelineId`",
            f"add both to consumer `{consumer.name}`: the ids of the project and of the pipeline",
        )
    if not settings.branches:
        raise too_wide(consumer)
    claims = [
        cel.equal("assertion.prj_id", settings.project_id),
        cel.equal("assertion.def_id", settings.pipeline_id),
        cel.any_of(cel.like("assertion.rpo_ref", name, "refs/heads/") for name in settings.branches),
    ]
    return CiIdentity(
        settings.issuer,
        (AUDIENCE,),
        cel.all_of(claims),
        f"assertion.prj_id + {cel.literal('/')} + assertion.def_id",
        f"{settings.project_id}/{settings.pipeline_id}",
        "assertion.run_id",
    )
