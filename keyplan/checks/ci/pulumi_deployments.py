"""Pulumi Deployments: the fields that its trust needs."""

from __future__ import annotations

from keyplan.catalogue import Settings
from keyplan.checks.fields import Field, Node, Record, choice, list_of, text
from keyplan.checks.services import CLOUD, RuntimeFields
from keyplan.ci_settings import PulumiDeploymentsSettings, PulumiOperation

# A preview is run for a pull request too, with the request's own code and the same claims.
_REFUSED = {"preview": "run for pull requests too, so that anybody who opens one could read the keys"}
# What a subject is made of. No colon, which separates its parts.
# Source: Pulumi Docs, "Projects", "Stacks": names of letters, digits, hyphens, underscores and periods, up to
# 100 characters (checked 2026-11-21).
_name = text(r"[A-Za-z0-9_.-]{1,100}", "a name of letters, digits, `-`, `_` and `.`, without `/`")


def _pulumi_deployments(node: Node, record: Record) -> Settings:
    return PulumiDeploymentsSettings(
        organization=record.get("organization"),
        project=record.get("project"),
        stack=record.get("stack"),
        operations=tuple(str(each) for each in record.get("operations") or ()),
    )


FIELDS = RuntimeFields(
    (
        Field("organization", _name, "name", "the organization in Pulumi Cloud", "example", required=True),
        Field("project", _name, "name", "the Pulumi project that is deployed", "shop", required=True),
        Field("stack", _name, "name", "its stack, without organization and project", "prod", required=True),
        Field(
            "operations",
            list_of(choice(PulumiOperation, _REFUSED), "operations", at_least=1),
            "list of `update`, `refresh` and `destroy`",
            "the operations whose deployments may read; never `preview`, which pull requests start",
            "[update]",
            default=["update"],
            default_text="`[update]`",
        ),
        CLOUD,
    ),
    _pulumi_deployments,
)
