"""Azure Pipelines: the fields that its trust needs. They differ by cloud, because its two tokens do."""

from __future__ import annotations

import re

from keyplan.catalogue import Cloud, Settings
from keyplan.checks.ci.refs import UUID, ref_pattern
from keyplan.checks.fields import Field, Node, Record, decimal_text, list_of, text
from keyplan.checks.services import CLOUD, RuntimeFields
from keyplan.ci_settings import AzurePipelinesSettings

_ON_GCP = "Google Cloud compares the ids of the project and of the pipeline, and the branch"
_ON_AWS = "AWS compares the service connection: name it, and give it the check `Branch control`"


def _azure(node: Node, record: Record) -> Settings:
    return AzurePipelinesSettings(
        organization_id=record.get("organizationId"),
        organization=record.get("organization"),
        project=record.get("project"),
        service_connection=record.get("serviceConnection"),
        project_id=record.get("projectId"),
        pipeline_id=record.get("pipelineId"),
        branches=record.get("branches") or (),
    )


# Characters that Azure DevOps allows in no project's name, and `/`, which would end a part of the subject.
# Source: Azure DevOps, "Naming restrictions and conventions" (checked 2026-11-21).
_part = text(
    r"(?! )[^\x00-\x1f\x7f\\/:*?\"<>|;#${},+=\[\]]{1,128}(?<! )",
    "its name as Azure DevOps shows it, without `/` and wildcards",
)

FIELDS = RuntimeFields(
    (
        Field(
            "organizationId",
            UUID,
            "UUID",
            "the organization's immutable id; the list in its settings, Microsoft Entra, has it",
            "0ca3ddd9-f0b0-4635-a98c-5866526961b6",
            required=True,
        ),
        Field(
            "organization",
            text(
                r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?",
                "the organization's name, as it stands behind `dev.azure.com/`",
                lambda given: re.sub(r"^(?:https?://)?dev\.azure\.com/", "", given.strip()).split("/")[0],
            ),
            "text",
            "the organization's name, in the case that Azure DevOps writes it in",
            "example",
            required=True,
            only_on=Cloud.AWS,
            elsewhere=_ON_GCP,
        ),
        Field(
            "project",
            _part,
            "text",
            "the project of the service connection",
            "evals",
            required=True,
            only_on=Cloud.AWS,
            elsewhere=_ON_GCP,
        ),
        Field(
            "serviceConnection",
            _part,
            "text",
            "the service connection of the type AWS, with OpenID Connect switched on; its checks decide "
            "which branches may use it",
            "keyplan-evals",
            required=True,
            only_on=Cloud.AWS,
            elsewhere=_ON_GCP,
        ),
        Field(
            "projectId",
            UUID,
            "UUID",
            "the project's immutable id; `az devops project show --project NAME --query id` shows it",
            "271ef6f7-5998-4b0f-86fb-4b54d9129990",
            required=True,
            only_on=Cloud.GCP,
            elsewhere=_ON_AWS,
        ),
        Field(
            "pipelineId",
            decimal_text("the pipeline's number, `definitionId` in its address"),
            "number",
            "the pipeline's immutable number",
            "42",
            required=True,
            only_on=Cloud.GCP,
            elsewhere=_ON_AWS,
        ),
        Field(
            "branches",
            list_of(ref_pattern, "branches", at_least=1),
            "list of branches",
            "branches whose runs may read; names, or patterns with `*`",
            "[main, release/*]",
            required=True,
            only_on=Cloud.GCP,
            elsewhere=_ON_AWS,
        ),
        CLOUD,
    ),
    _azure,
)
