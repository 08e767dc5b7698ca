"""Bitbucket Pipelines: the fields that its trust needs."""

from __future__ import annotations

import re

from keyplan.catalogue import Cloud, Settings
from keyplan.checks.ci.refs import ref_pattern, require_ref
from keyplan.checks.fields import Field, Node, Record, list_of, text
from keyplan.checks.problems import Reported
from keyplan.checks.services import CLOUD, RuntimeFields
from keyplan.ci_settings import BitbucketSettings

_uuid = text(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "a UUID in lower case without braces, from the repository's settings, Pipelines, OpenID Connect",
    lambda given: given.strip().strip("{}").rpartition("/")[2].lower(),
)


def _branch(node: Node) -> str:
    """A branch; a comma would part two of them in bitbucket-pipelines.yml."""
    value = ref_pattern(node)
    if "," in value:
        raise node.reject("the name of a branch without a comma, or a pattern with `*`")
    return value


def _bitbucket(node: Node, record: Record) -> Settings:
    environment, environment_id = record.get("environment"), record.get("environmentId")
    if record.sound("environment", "environmentId") and (environment is None) != (environment_id is None):
        missing, given = (
            ("environment", "environmentId") if environment is None else ("environmentId", "environment")
        )
        node.child(missing, None).reject(
            f"with `{given}`, `{missing}` too: a step names one, its token the other"
        )
        raise Reported
    require_ref(node, record, ("environment", "branches"))
    return BitbucketSettings(
        workspace=record.get("workspace"),
        workspace_id=record.get("workspaceId"),
        repository_id=record.get("repositoryId"),
        environment=environment,
        environment_id=environment_id,
        branches=record.get("branches") or (),
    )


FIELDS = RuntimeFields(
    (
        Field(
            "workspace",
            text(
                r"[a-z0-9_-]{1,62}",
                "the workspace's id, as it stands in Bitbucket's addresses",
                lambda given: re.sub(r"^(?:https?://)?bitbucket\.org/", "", given.strip().lower()).split("/")[
                    0
                ],
            ),
            "slug",
            "the workspace",
            "example",
            required=True,
        ),
        Field(
            "workspaceId",
            _uuid,
            "UUID",
            "the workspace's immutable id, the end of the audience in the repository's OpenID Connect page",
            "3c2b1a09-5d4e-4f6a-8b7c-9d0e1f2a3b4c",
            required=True,
        ),
        Field(
            "repositoryId",
            _uuid,
            "UUID",
            "the repository's immutable id: a repository of the same name made later gets nothing",
            "9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a",
            required=True,
        ),
        Field(
            "environment",
            text(
                r"[^\x00-\x1f\x7f*?{}]{1,255}",
                "the name of a deployment environment, without wildcards",
            ),
            "text",
            "a deployment environment of the repository, as a step's `deployment` names it; required on AWS",
            "Production",
        ),
        Field(
            "environmentId",
            _uuid,
            "UUID",
            "that environment's immutable id",
            "1b2c3d4e-5f60-4718-892a-3b4c5d6e7f80",
        ),
        Field(
            "branches",
            list_of(_branch, "branches"),
            "list of branches",
            "branches whose runs may read; names, or patterns with `*`; with `environment` given as well, "
            "both have to match",
            "[main, release/*]",
            default=[],
            only_on=Cloud.GCP,
            elsewhere="AWS sees no branch in Bitbucket's tokens: name a deployment environment, "
            "and restrict its branches in Bitbucket",
        ),
        CLOUD,
    ),
    _bitbucket,
)
