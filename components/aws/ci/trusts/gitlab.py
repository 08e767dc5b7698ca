"""GitLab CI: the trust of its tokens. Pure."""

from __future__ import annotations

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import WEB_IDENTITY_AUDIENCE, literal, pattern
from keyplan.ci_settings import GitlabSettings


def identity(settings: GitlabSettings) -> CiIdentity:
    """GitLab, on gitlab.com or self-managed. A merge request's job runs for its source branch, so whoever
    may push to a named branch may read: name protected branches.

    Source: GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens" (checked 2026-11-21).
    """
    kinds = (("branch", settings.branches), ("tag", settings.tags))
    subjects = tuple(
        f"project_path:{literal(settings.project)}:ref_type:{kind}:ref:{pattern(name)}"
        for kind, names in kinds
        for name in names
    )
    return CiIdentity(settings.issuer.rstrip("/"), WEB_IDENTITY_AUDIENCE, (("sub", subjects),))
