"""Jenkins, with the OpenID Connect Provider plugin: the trust of its tokens. Pure."""

from __future__ import annotations

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import WEB_IDENTITY_AUDIENCE, pattern
from keyplan.ci_settings import JenkinsSettings


def identity(settings: JenkinsSettings) -> CiIdentity:
    """Jenkins: the addresses of one job, or of branches of one multibranch project.

    The subject is the plugin's default, `${JOB_URL}`. The jobs of pull requests are PR-… and MR-… beside
    those of branches: where a pattern could match them, they are refused.

    Source: README and IdTokenConfiguration of the OpenID Connect Provider plugin, NameEncoder of the Branch
    API plugin (checked 2026-11-21).
    """
    return CiIdentity(
        settings.issuer,
        settings.audience or WEB_IDENTITY_AUDIENCE,
        (("sub", tuple(map(pattern, settings.subjects))),),
        tuple(map(pattern, settings.excluded_subjects)),
    )
