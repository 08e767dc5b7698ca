"""What an environment finds on Google Cloud before it makes anything: the project's number and its secrets.

Owns the read-only lookups, made once and before the first component. What a refusal means is in
`lookup_errors`, what may not change about a secret in `replacement`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.gcp.labels import ENVIRONMENT_LABEL
from components.gcp.lookup_errors import lookup_failed
from components.gcp.project import Project, endpoints_from
from components.gcp.replacement import CONFIRMATION, ExistingSecret, confirmed_keys
from keyplan.catalogue import Catalogue, Cloud, GkeSettings
from keyplan.errors import UsageError


@dataclass(frozen=True)
class GcpSurroundings:
    """The project, and the environment's secrets that it has already."""

    project: Project
    secrets: Mapping[str, ExistingSecret] = field(default_factory=dict)  # by id
    may_be_replaced: frozenset[str] = frozenset()  # names of keys whose values may be lost


def read_gcp_surroundings(catalogue: Catalogue) -> GcpSurroundings:
    """Make every lookup that the environment needs; call it before the first component.

    Raises:
        UsageError: `gcp:project` or `gcp:region` is missing; the project does not exist; a permission is
            missing; an API is not enabled.
    """
    import pulumi  # here, because the shapes above need no engine
    from pulumi.runtime.config import CONFIG

    config = pulumi.Config("gcp")
    project_id = _required(config.get("project"), "project")
    region = _required(config.get("region"), "region")
    project = Project(
        project_id=project_id,
        number=_number(project_id),
        region=region,
        endpoints=endpoints_from(CONFIG.get()),
        other_numbers={other: _number(other) for other in sorted(_clusters_projects(catalogue, project_id))},
    )
    # In the update too, not only in its preview: what a replacement destroys comes back from nowhere.
    confirmed = confirmed_keys(os.environ.get(CONFIRMATION))
    return GcpSurroundings(project, _existing_secrets(catalogue, project), confirmed)


def _clusters_projects(catalogue: Catalogue, project_id: str) -> set[str]:
    """Ids of the projects whose clusters' pods read, but for the environment's own."""
    named = {
        consumer.settings.project
        for consumer in catalogue.consumers_in(Cloud.GCP)
        if isinstance(consumer.settings, GkeSettings)
    }
    return {name for name in named if name is not None and name != project_id}


def _required(value: str | None, name: str) -> str:
    if not value:
        example = "example-prod" if name == "project" else "europe-west1"
        raise UsageError(
            f"the environment is on Google Cloud, and `gcp:{name}` is not set", f"gcp:{name}: {example}"
        )
    return value


def _number(project_id: str) -> str:
    import pulumi_gcp

    try:
        found = pulumi_gcp.organizations.get_project(project_id=project_id)
    except Exception as error:  # the SDK raises plain Exception for whatever an invoke answers
        raise lookup_failed(
            str(error), project_id, "cloudresourcemanager", "resourcemanager.projects.get"
        ) from None
    return str(found.number)


def _existing_secrets(catalogue: Catalogue, project: Project) -> dict[str, ExistingSecret]:
    import pulumi_gcp

    try:
        found = pulumi_gcp.secretmanager.get_secrets(
            project=project.project_id, filter=f"labels.{ENVIRONMENT_LABEL}={catalogue.environment}"
        )
    except Exception as error:  # as above
        raise lookup_failed(
            str(error), project.project_id, "secretmanager", "secretmanager.secrets.list"
        ) from None
    return {each.secret_id: _existing(each) for each in found.secrets}


def _existing(found: Any) -> ExistingSecret:
    locations = {
        replica.location
        for block in found.replications or ()
        for managed in block.user_manageds or ()
        for replica in managed.replicas or ()
    }
    return ExistingSecret(found.secret_id, tuple(sorted(locations)))
