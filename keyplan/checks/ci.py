"""Consumers that are CI runners: the identifiers that each provider's trust needs.

A trust that names too little lets strangers in, so nothing here has a default but GitLab's public issuer, and
a pattern that every branch matches is refused: who may open a pull request could read the keys.
"""

from __future__ import annotations

import re

from keyplan.catalogue import (
    BuildkiteSettings,
    CircleciSettings,
    Cloud,
    GithubSettings,
    GitlabSettings,
    Runtime,
    Settings,
)
from keyplan.checks.fields import Field, Node, Record, decimal_text, list_of, text
from keyplan.checks.problems import Reported
from keyplan.checks.services import CLOUD, RuntimeFields

_ANY = re.compile(r"[*/]*")


def ref_pattern(node: Node) -> str:
    """A branch or a tag, or a pattern with `*` that says something about its name.

    The characters are those that `git check-ref-format` allows; `?`, a wildcard in IAM, is not among them.
    """
    value = text(
        r"(?!refs/|/|-)(?!.*(?:\.\.|//|@\{))[^\x00-\x20\x7f~^:?\[\\${}]+(?<![/.])",
        "the name of a branch or a tag, or a pattern with `*`, without `refs/heads/`",
        lambda given: re.sub(r"^refs/(heads|tags)/", "", given.strip()),
        255,
    )(node)
    if _ANY.fullmatch(value):
        raise node.reject(
            "names or narrower patterns, as in `main` or `release/*`: "
            "with this one, anybody who may push could read the keys"
        )
    return value


def _prefix_pattern(node: Node) -> str:
    """A branch for Buildkite, whose subject goes on after the branch with what the branch's author writes.

    What stands behind a `*` could be met by a step's key instead of the branch: only a prefix says anything.
    """
    value = ref_pattern(node)
    if "*" in value[:-1]:
        raise node.reject("a name, or a pattern with one `*` at its end, as in `release/*`")
    return value


def _require_ref(node: Node, record: Record, names: tuple[str, ...]) -> None:
    """Without one of `names` a trust would let every branch and pull request in."""
    if record.sound(*names) and not any(record.get(name) for name in names):
        words = f"{', '.join(names[:-1])} or {names[-1]}"
        node.reject(
            f"at least one of {words}: without it every branch and pull request could read the keys",
            f"none of {', '.join(names)}",
        )
        raise Reported


def _github(node: Node, record: Record) -> Settings:
    _require_ref(node, record, ("environment", "branches", "tags"))
    return GithubSettings(
        repository=record.get("repository"),
        repository_id=record.get("repositoryId"),
        repository_owner_id=record.get("repositoryOwnerId"),
        environment=record.get("environment"),
        branches=record.get("branches"),
        tags=record.get("tags"),
    )


def _gitlab(node: Node, record: Record) -> Settings:
    _require_ref(node, record, ("branches", "tags"))
    return GitlabSettings(
        project=record.get("project"),
        branches=record.get("branches"),
        tags=record.get("tags"),
        issuer=record.get("issuer"),
        project_id=record.get("projectId"),
    )


def _circleci(node: Node, record: Record) -> Settings:
    return CircleciSettings(organization_id=record.get("organizationId"), project_id=record.get("projectId"))


def _buildkite(node: Node, record: Record) -> Settings:
    return BuildkiteSettings(
        organization=record.get("organization"),
        pipeline=record.get("pipeline"),
        branches=record.get("branches"),
    )


def _without_host(given: str) -> str:
    """`https://github.com/example/evals.git` -> `example/evals`."""
    path = re.sub(r"^(?:https?://|git@|ssh://git@)[^/:]+[/:]", "", given.strip())
    return path.removesuffix(".git").strip("/")


BRANCHES = Field(
    "branches",
    list_of(ref_pattern, "branches"),
    "list of branches",
    "branches whose runs may read; names, or patterns with `*`",
    "[main, release/*]",
    default=[],
)
TAGS = Field(
    "tags",
    list_of(ref_pattern, "tags"),
    "list of tags",
    "tags whose runs may read; names, or patterns with `*`",
    "[v*]",
    default=[],
)
_uuid = text(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "a UUID in lower case, as the project's settings show it",
    lambda given: given.strip().lower(),
)
_slug = text(
    r"[a-z0-9]([a-z0-9-]*[a-z0-9])?",
    "a slug, as it stands in Buildkite's addresses",
    lambda given: re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-"),
    100,
)

CI_RUNTIME_FIELDS = {
    Runtime.GITHUB_ACTIONS: RuntimeFields(
        (
            Field(
                "repository",
                text(
                    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}",
                    "OWNER/NAME",
                    _without_host,
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
    ),
    Runtime.GITLAB_CI: RuntimeFields(
        (
            Field(
                "project",
                text(
                    r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+",
                    "the project's full path, as in `group/subgroup/name`",
                    _without_host,
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
    ),
    Runtime.CIRCLECI: RuntimeFields(
        (
            Field(
                "organizationId",
                _uuid,
                "UUID",
                "the organization, from its settings",
                "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a",
                required=True,
            ),
            Field(
                "projectId",
                _uuid,
                "UUID",
                "the project, from its settings",
                "7f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f",
                required=True,
            ),
            CLOUD,
        ),
        _circleci,
    ),
    Runtime.BUILDKITE: RuntimeFields(
        (
            Field("organization", _slug, "slug", "the organization", "example", required=True),
            Field("pipeline", _slug, "slug", "the pipeline", "nightly-evals", required=True),
            Field(
                "branches",
                list_of(_prefix_pattern, "branches", at_least=1),
                "list of branches",
                "branches whose runs may read; names, or patterns with `*` at their end",
                "[main]",
                required=True,
            ),
            CLOUD,
        ),
        _buildkite,
    ),
}
