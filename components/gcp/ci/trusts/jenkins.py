"""Jenkins, with the OpenID Connect Provider plugin: the conditions on its tokens. Pure."""

from __future__ import annotations

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity
from keyplan.catalogue import Consumer
from keyplan.ci_settings import JenkinsSettings


def identity(consumer: Consumer, settings: JenkinsSettings) -> CiIdentity:
    """Jenkins: the addresses of one job, or of branches of one multibranch project.

    Its tokens have no id that never changes hands: the attribute is the job's name, which the condition has
    compared. The claims are the plugin's defaults, `sub` (`${JOB_URL}`) and the number `build_number`.

    Source: README and IdTokenConfiguration of the OpenID Connect Provider plugin, NameEncoder of the Branch
    API plugin (checked 2026-11-21).
    """
    claims = [cel.any_of(_like(subject) for subject in settings.subjects)]
    claims.extend(f"!{_like(subject)}" for subject in settings.excluded_subjects)
    return CiIdentity(
        settings.issuer,
        () if settings.audience is None else (settings.audience,),
        cel.all_of(claims),
        cel.literal(settings.job),
        settings.job,
        "string(assertion.build_number)",
    )


def _like(subject: str) -> str:
    # A star is part of one branch's name, which has no slash left in an address.
    return cel.like("assertion.sub", subject, wildcard="[^/]*")
