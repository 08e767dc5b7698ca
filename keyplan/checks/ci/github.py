"""GitHub Actions: the fields that its trust needs."""

from __future__ import annotations

from keyplan.catalogue import Settings
from keyplan.checks.ci.refs import BRANCHES, TAGS, require_ref, without_host
from keyplan.checks.fields import Field, Node, Record, decimal_text, text
from keyplan.checks.services import CLOUD, RuntimeFields
from keyplan.ci_settings import GithubSettings


def _github(node: Node, record: Record) -> Settings:
    require_ref(node, record, ("environment", "branches", "tags"))
    return GithubSettings(
        repository=record.get("repository"),
        repository_id=record.get("repositoryId"),
        repository_owner_id=record.get("repositoryOwnerId"),
        environment=record.get("environment"),
        branches=record.get("branches"),
        tags=record.get("tags"),
    )


FIELDS = RuntimeFields(
    (
        Field(
            "repository",
            text(
                r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}",
                "OWNER/NAME",
                without_host,
            ),
            "OWNER/NAME",
            "the repository whose workflows may read",
            "example/evals",
            required=True,
        ),
        Field(
            "repositoryId",
            decimal_text("the repository's number; `gh api repos/OWNER/NAME --jq .id` shows it"),
            "number",
            "the repository's immutable number: a repository of the same name made later gets nothing",
            "123456789",
            required=True,
        ),
        Field(
            "repositoryOwnerId",
            decimal_text("the owner's number; `gh api repos/OWNER/NAME --jq .owner.id` shows it"),
            "number",
            "the owner's immutable number; makes GitHub's newer form of the subject exact",
            "9876543",
        ),
        Field(
            "environment",
            text(r"[^\x00-\x1f\x7f*?]{1,255}", "the name of a deployment environment, without wildcards"),
            "text",
            "a deployment environment of the repository, whose protection rules decide who may run; "
            "with `branches` or `tags` given as well, both have to match",
            "production",
        ),
        BRANCHES,
        TAGS,
        CLOUD,
    ),
    _github,
)
