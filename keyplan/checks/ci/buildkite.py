"""Buildkite: the fields that its trust needs."""

from __future__ import annotations

import re

from keyplan.catalogue import Settings
from keyplan.checks.ci.refs import ref_pattern
from keyplan.checks.fields import Field, Node, Record, list_of, text
from keyplan.checks.services import CLOUD, RuntimeFields
from keyplan.ci_settings import BuildkiteSettings


def _prefix_pattern(node: Node) -> str:
    """A branch for Buildkite, whose subject goes on after the branch with what the branch's author writes.

    What stands behind a `*` could be met by a step's key instead of the branch: only a prefix says anything.
    """
    value = ref_pattern(node)
    if "*" in value[:-1]:
        raise node.reject("a name, or a pattern with one `*` at its end, as in `release/*`")
    return value


_slug = text(
    r"[a-z0-9]([a-z0-9-]*[a-z0-9])?",
    "a slug, as it stands in Buildkite's addresses",
    lambda given: re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-"),
    100,
)


def _buildkite(node: Node, record: Record) -> Settings:
    return BuildkiteSettings(
        organization=record.get("organization"),
        pipeline=record.get("pipeline"),
        branches=record.get("branches"),
    )


FIELDS = RuntimeFields(
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
)
