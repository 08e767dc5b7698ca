"""Azure Pipelines: the trust of its tokens. Pure."""

from __future__ import annotations

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import literal
from keyplan.ci_settings import AzurePipelinesSettings

AUDIENCE = "api://AzureADTokenExchange"  # nobody can ask for another one


def identity(settings: AzurePipelinesSettings) -> CiIdentity:
    """Azure Pipelines: one service connection, by name, of one organization, by id (in the issuer).

    AWS compares the subject alone, and neither subject of Azure DevOps has a branch in it. A run without the
    connection would have `p://ORGANIZATION/PROJECT/PIPELINE`, which every branch and pull request gets; the
    connection's is given only to a stage that names it, after the connection's own checks.

    Source: AWS, "How to federate into AWS from Azure DevOps using OpenID Connect"; the claims of both tokens
    as users of them wrote them down: aws-toolkit-azure-devops issue 614, sigstore/fulcio issue 1803 (checked
    2026-11-21).
    """
    parts = (settings.organization, settings.project, settings.service_connection)
    named = [part for part in parts if part is not None]
    subjects = (f"sc://{literal('/'.join(named))}",) if len(named) == len(parts) else ()
    return CiIdentity(settings.issuer, AUDIENCE, (("sub", subjects),))
