"""Pulumi Deployments: the trust of its tokens. Pure."""

from __future__ import annotations

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import literal
from keyplan.ci_settings import PulumiDeploymentsSettings

ISSUER = "https://api.pulumi.com/oidc"


def identity(settings: PulumiDeploymentsSettings) -> CiIdentity:
    """Pulumi Deployments: the named operations of one stack; the audience is the organization.

    A preview, which a pull request starts with its own code, has another operation in its subject.
    Source: Pulumi Docs, "OIDC Setup for Pulumi Deployments", token claims (checked 2026-11-21).
    """
    stack = f"org:{settings.organization}:project:{settings.project}:stack:{settings.stack}"
    subjects = tuple(
        literal(f"pulumi:deploy:{stack}:operation:{operation}:scope:write")
        for operation in settings.operations
    )
    return CiIdentity(ISSUER, settings.organization, (("sub", subjects),))
