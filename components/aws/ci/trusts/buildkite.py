"""Buildkite: the trust of its tokens. Pure."""

from __future__ import annotations

from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.trusts import WEB_IDENTITY_AUDIENCE, literal, pattern
from keyplan.ci_settings import BuildkiteSettings

ISSUER = "https://agent.buildkite.com"


def identity(settings: BuildkiteSettings) -> CiIdentity:
    """Buildkite: one pipeline's branches. The stars: commit and step are part of the subject.

    A fork's build has `USER:BRANCH` as its branch, so that user `main` with a branch `commit` would meet the
    pattern of branch `main`. A branch's own name has no colon: a subject with one in that place is refused.

    Source: Buildkite Docs, "OIDC with AWS" (checked 2026-11-21).
    """
    pipeline = f"organization:{literal(settings.organization)}:pipeline:{literal(settings.pipeline)}"
    subjects = tuple(
        f"{pipeline}:ref:refs/heads/{pattern(branch)}:commit:*:step:*" for branch in settings.branches
    )
    forks = (f"{pipeline}:ref:refs/heads/*:*:commit:*:step:*",)
    return CiIdentity(ISSUER, WEB_IDENTITY_AUDIENCE, (("sub", subjects),), forks)
