"""CircleCI: the fields that its trust needs."""

from __future__ import annotations

import re

from keyplan.catalogue import Settings
from keyplan.checks.ci.refs import UUID, ref_pattern
from keyplan.checks.fields import Field, Node, Record, list_of, text
from keyplan.checks.problems import Reported
from keyplan.checks.services import CLOUD, RuntimeFields
from keyplan.ci_settings import CircleciSettings


def _with_host(given: str) -> str:
    """`https://github.com/example/changelog.git` -> `github.com/example/changelog`."""
    path = re.sub(r"^(?:https?://|ssh://)?(?:git@)?", "", given.strip())
    return re.sub(r"^([^/:]+):", r"\1/", path).removesuffix(".git").strip("/")


def _circleci(node: Node, record: Record) -> Settings:
    """Branches and repository go together: a fork's branch is called `main` as well."""
    repository, branches = record.get("repository"), record.get("branches") or ()
    if record.sound("repository", "branches") and (repository is None) != (not branches):
        if repository is None:
            node.child("repository", None).reject(
                "with `branches`, the repository too, as in `github.com/example/changelog`: "
                "a fork can have a branch of the same name"
            )
        else:
            node.child("branches", None).reject("with `repository`, the branches whose runs may read")
        raise Reported
    return CircleciSettings(
        organization_id=record.get("organizationId"),
        project_id=record.get("projectId"),
        repository=repository,
        branches=branches,
    )


FIELDS = RuntimeFields(
    (
        Field(
            "organizationId",
            UUID,
            "UUID",
            "the organization, from its settings",
            "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a",
            required=True,
        ),
        Field(
            "projectId",
            UUID,
            "UUID",
            "the project, from its settings",
            "7f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f",
            required=True,
        ),
        Field(
            "branches",
            list_of(ref_pattern, "branches"),
            "list of branches",
            "branches whose runs may read; names, or patterns with `*`; "
            "without it every branch of the project may",
            "[main, release/*]",
            default=[],
        ),
        Field(
            "repository",
            text(
                r"[A-Za-z0-9][A-Za-z0-9.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){2,}(?<!\.git)",
                "the repository with its host, as in `github.com/example/changelog`",
                _with_host,
            ),
            "HOST/OWNER/NAME",
            "the project's repository; required with `branches`, so that no fork's branch counts",
            "github.com/example/changelog",
        ),
        CLOUD,
    ),
    _circleci,
)
