"""AWS CodeBuild: the fields of a build project, which has a role of AWS's own kind and no token."""

from __future__ import annotations

from keyplan.catalogue import CodebuildSettings, Settings
from keyplan.checks.fields import Field, Node, Record, text
from keyplan.checks.services import ROLE_ARN, RuntimeFields


def _codebuild(node: Node, record: Record) -> Settings:
    return CodebuildSettings(project_name=record.get("projectName"), role_arn=record.get("roleArn"))


FIELDS = RuntimeFields(
    (
        Field(
            "projectName",
            # Source: botocore's model of CodeBuild, ProjectName (2 to 150 characters; checked 2026-11-21).
            text(
                r"[A-Za-z0-9][A-Za-z0-9_-]{1,149}",
                "the name of a build project, without ARN",
                lambda given: given.strip().rpartition(":project/")[2],
            ),
            "project name",
            "the build project, in the environment's account and region; only its builds become the reader",
            "nightly-evals",
            required=True,
        ),
        ROLE_ARN,
    ),
    _codebuild,
)
