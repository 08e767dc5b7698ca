"""CircleCI: the fields that its trust needs."""

from __future__ import annotations

from keyplan.catalogue import CircleciSettings, Settings
from keyplan.checks.ci.refs import UUID
from keyplan.checks.fields import Field, Node, Record
from keyplan.checks.services import CLOUD, RuntimeFields


def _circleci(node: Node, record: Record) -> Settings:
    return CircleciSettings(organization_id=record.get("organizationId"), project_id=record.get("projectId"))


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
        CLOUD,
    ),
    _circleci,
)
