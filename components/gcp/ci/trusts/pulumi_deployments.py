"""Pulumi Deployments: the conditions on its tokens. Pure."""

from __future__ import annotations

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity, too_wide
from keyplan.catalogue import Consumer
from keyplan.ci_settings import PulumiDeploymentsSettings

ISSUER = "https://api.pulumi.com/oidc"


def identity(consumer: Consumer, settings: PulumiDeploymentsSettings) -> CiIdentity:
    """Pulumi Deployments: the named operations of one stack; the audience is the organization.

    A preview, which a pull request starts with its own code, has another operation in its subject. The number
    of a deployment is in `deployment`, of which no document says that it is text: the subject that is made
    here names the operation.
    Source: Pulumi Docs, "OIDC Setup for Pulumi Deployments", token and custom claims (checked 2026-11-21).
    """
    if not settings.operations:
        raise too_wide(consumer)
    stack = f"org:{settings.organization}:project:{settings.project}:stack:{settings.stack}"
    slash = cel.literal("/")
    return CiIdentity(
        ISSUER,
        (settings.organization,),
        cel.any_of(
            cel.equal("assertion.sub", f"pulumi:deploy:{stack}:operation:{operation}:scope:write")
            for operation in settings.operations
        ),
        f"assertion.org + {slash} + assertion.project + {slash} + assertion.stack",
        f"{settings.organization}/{settings.project}/{settings.stack}",
        "assertion.operation",
    )
