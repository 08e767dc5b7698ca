"""CircleCI: the trust of its tokens. Pure."""

from __future__ import annotations

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import literal
from keyplan.catalogue import CircleciSettings

ISSUER = "https://oidc.circleci.com/org/"


def identity(settings: CircleciSettings) -> CiIdentity:
    """CircleCI: one project of one organization. The star: whoever pushed is part of the subject.

    Source: CircleCI Docs, "Using OpenID Connect tokens in jobs" (checked 2026-11-21).
    """
    organization, project = literal(settings.organization_id), literal(settings.project_id)
    return CiIdentity(
        ISSUER + settings.organization_id,
        settings.organization_id,
        (("sub", (f"org/{organization}/project/{project}/user/*",)),),
    )
