"""CircleCI: the conditions on its tokens. Pure."""

from __future__ import annotations

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity
from keyplan.catalogue import Consumer
from keyplan.ci_settings import CircleciSettings

ISSUER = "https://oidc.circleci.com/org/"


def identity(consumer: Consumer, settings: CircleciSettings) -> CiIdentity:
    """CircleCI: one project of one organization, both by id; the audience is the organization's.

    With branches the token is `CIRCLE_OIDC_TOKEN_V2`, whose subject goes on behind the user, and its claims
    of repository and ref are compared: a fork's job names the fork. A pipeline that a custom webhook started
    has neither claim, which refuses it.

    Source: CircleCI Docs, "Using OpenID Connect tokens in jobs": claims `aud`, `sub` (both forms),
    `oidc.circleci.com/project-id`, `vcs-origin` and `vcs-ref` (checked 2026-11-21).
    """
    project = _claim("project-id")
    begin = f"org/{settings.organization_id}/project/{settings.project_id}/user/"
    claims = [
        cel.equal(project, settings.project_id),
        f"assertion.sub.startsWith({cel.literal(begin)})",
    ]
    user = "/user/{user}"
    if settings.branches:
        user += "/vcs-origin/"
        claims.append(cel.equal(_claim("vcs-origin"), settings.repository or ""))
        claims.append(
            cel.any_of(cel.like(_claim("vcs-ref"), branch, "refs/heads/") for branch in settings.branches)
        )
    return CiIdentity(
        ISSUER + settings.organization_id,
        (settings.organization_id,),
        cel.all_of(claims),
        project,
        settings.project_id,
        # The user who pushed: no claim of the job itself is in every token.
        f"assertion.sub.extract({cel.literal(user)})",
    )


def _claim(name: str) -> str:
    return f"assertion['oidc.circleci.com/{name}']"
