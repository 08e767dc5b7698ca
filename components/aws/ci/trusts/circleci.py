"""CircleCI: the trust of its tokens. Pure."""

from __future__ import annotations

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import literal, pattern
from keyplan.ci_settings import CircleciSettings

ISSUER = "https://oidc.circleci.com/org/"


def identity(settings: CircleciSettings) -> CiIdentity:
    """CircleCI: one project of one organization. The star: whoever pushed is part of the subject.

    With branches it is the subject of `CIRCLE_OIDC_TOKEN_V2` that is compared, which goes on with the
    repository and the ref; a fork's job names the fork there. A branch may be called
    `x/vcs-ref/refs/heads/main`, whose end would meet the pattern of `main`: a subject with a second
    `/vcs-ref/` is refused.

    Source: CircleCI Docs, "Using OpenID Connect tokens in jobs", the two forms of `sub` (checked 2026-11-21).
    """
    begin = f"org/{literal(settings.organization_id)}/project/{literal(settings.project_id)}/user/*"
    subjects: tuple[str, ...] = (begin,)
    refused: tuple[str, ...] = ()
    if settings.branches:
        origin = f"{begin}/vcs-origin/{literal(settings.repository or '')}"
        subjects = tuple(f"{origin}/vcs-ref/refs/heads/{pattern(branch)}" for branch in settings.branches)
        refused = (f"{begin}/vcs-ref/*/vcs-ref/*",)
    return CiIdentity(
        ISSUER + settings.organization_id, settings.organization_id, (("sub", subjects),), refused
    )
