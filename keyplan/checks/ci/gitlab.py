"""GitLab CI: the fields that its trust needs."""

from __future__ import annotations

import re

from keyplan.catalogue import Cloud, Settings
from keyplan.checks.ci.refs import BRANCHES, TAGS, require_ref, without_host
from keyplan.checks.fields import Field, Node, Record, decimal_text, text
from keyplan.checks.services import CLOUD, RuntimeFields
from keyplan.ci_settings import GitlabSettings


def _gitlab(node: Node, record: Record) -> Settings:
    require_ref(node, record, ("branches", "tags"))
    return GitlabSettings(
        project=record.get("project"),
        branches=record.get("branches"),
        tags=record.get("tags"),
        issuer=record.get("issuer"),
        project_id=record.get("projectId"),
    )


FIELDS = RuntimeFields(
    (
        Field(
            "project",
            text(
                r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+",
                "the project's full path, as in `group/subgroup/name`",
                without_host,
            ),
            "GROUP/…/NAME",
            "the project whose pipelines may read",
            "example/data/nightly",
            required=True,
        ),
        BRANCHES,
        TAGS,
        Field(
            "issuer",
            text(
                r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?",
                "https:// and a host, without a path and without a trailing slash",
                lambda given: re.sub(r"^(?:https?://)?([^/]+).*$", r"https://\1", given.strip().lower()),
            ),
            "URL",
            "the GitLab instance",
            "https://gitlab.example.com",
            default="https://gitlab.com",
        ),
        Field(
            "projectId",
            decimal_text("the project's number, which its page in GitLab shows"),
            "number",
            "the project's immutable number: a project of the same name made later gets nothing",
            "278964",
            required=True,
            only_on=Cloud.GCP,
            elsewhere="AWS compares the project's name alone",
        ),
        CLOUD,
    ),
    _gitlab,
)
