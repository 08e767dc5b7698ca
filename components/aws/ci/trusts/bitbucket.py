"""Bitbucket Pipelines: the trust of its tokens. Pure."""

from __future__ import annotations

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import literal
from keyplan.ci_settings import BitbucketSettings


def identity(settings: BitbucketSettings) -> CiIdentity:
    """Bitbucket: one deployment environment of one repository, both by id. The star: the step's own id.

    The subject is `{REPOSITORY}:{ENVIRONMENT}:{STEP}` for a step with a `deployment`, and only otherwise
    `{REPOSITORY}:{STEP}`, each id in braces. The branch is a claim that AWS has no condition key for, so that
    the environment's own restrictions decide which branches get there.

    Source: Atlassian Support, "Integrate Pipelines with resource servers using OIDC" and "Deploy on AWS using
    Bitbucket Pipelines OpenID Connect"; IAM User Guide, "Available keys for AWS OIDC federation" (checked
    2026-11-21).
    """
    subjects: tuple[str, ...] = ()
    if settings.environment_id is not None:
        subjects = (literal(f"{{{settings.repository_id}}}:{{{settings.environment_id}}}:") + "*",)
    return CiIdentity(settings.issuer, settings.audience, (("sub", subjects),))
