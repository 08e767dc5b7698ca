"""Bitbucket Pipelines: the conditions on its tokens. Pure."""

from __future__ import annotations

from components.gcp.ci import cel
from components.gcp.ci.trusts.identity import CiIdentity, too_wide
from keyplan.catalogue import Consumer
from keyplan.ci_settings import BitbucketSettings


def identity(consumer: Consumer, settings: BitbucketSettings) -> CiIdentity:
    """Bitbucket: one repository by id, and its deployment environment by id, its branches, or both.

    A pull request's pipeline runs for its source branch and says so in `branchName`; one from a fork runs in
    the fork, which is another repository. Ids stand in braces.

    Source: Atlassian Support, "Integrate Pipelines with resource servers using OIDC": claims
    `repositoryUuid`, `deploymentEnvironmentUuid`, `branchName`, `stepUuid` (checked 2026-11-21).
    """
    repository = f"{{{settings.repository_id}}}"
    claims = [cel.equal("assertion.repositoryUuid", repository)]
    if settings.environment_id is not None:
        claims.append(cel.equal("assertion.deploymentEnvironmentUuid", f"{{{settings.environment_id}}}"))
    if settings.branches:
        claims.append(cel.any_of(cel.like("assertion.branchName", name) for name in settings.branches))
    elif settings.environment_id is None:
        raise too_wide(consumer)
    return CiIdentity(
        settings.issuer,
        (settings.audience,),
        cel.all_of(claims),
        "assertion.repositoryUuid",
        repository,
        "assertion.stepUuid",
    )
