"""CircleCI: the conditions on its tokens. Pure."""

from __future__ import annotations

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity
from keyplan.catalogue import CircleciSettings, Consumer

ISSUER = "https://oidc.circleci.com/org/"


def identity(consumer: Consumer, settings: CircleciSettings) -> CiIdentity:
    """CircleCI: one project of one organization, both by id; the audience is the organization's.

    Source: CircleCI Docs, "Using OpenID Connect tokens in jobs": claims `aud`, `sub`
    (org/ORG/project/PROJECT/user/USER) and `oidc.circleci.com/project-id` (checked 2026-11-21).
    """
    project = "assertion['oidc.circleci.com/project-id']"
    begin = f"org/{settings.organization_id}/project/{settings.project_id}/user/"
    return CiIdentity(
        ISSUER + settings.organization_id,
        (settings.organization_id,),
        cel.all_of(
            [
                cel.equal(project, settings.project_id),
                f"assertion.sub.startsWith({cel.literal(begin)})",
            ]
        ),
        project,
        settings.project_id,
        # The user who pushed: no claim of the job itself is in every token.
        f"assertion.sub.extract({cel.literal('/user/{user}')})",
    )
