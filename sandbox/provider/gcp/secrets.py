"""Secret Manager: the container. Versions and values are none of this module's business."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.provider.errors import AlreadyExists, ProviderError
from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.resource import DELETION, RestType
from sandbox.provider.handler import Properties

# The property -> the field. Source: secretmanager.v1 discovery document, Replication (checked 2026-11-21).
REPLICATION = {"auto": "automatic", "userManaged": "userManaged"}


class Secret(RestType):
    """Id: `projects/P/secrets/ID`."""

    kind = "gcp:secretmanager/secret:Secret"
    service = "secretmanager"
    path = "projects/{project}/secrets/{secretId}"
    id_query = "secretId"
    fields = (
        "annotations",
        "expireTime",
        "labels",
        "rotation",
        "topics",
        "versionAliases",
        "versionDestroyTtl",
    )
    label_fields = MappingProxyType({"labels": "effectiveLabels", "annotations": "effectiveAnnotations"})
    required = ("replication",)
    optional = ("deletionPolicy", "deletionProtection", "project", "secretId", "ttl", *fields)
    fixed = ("replication", "secretId", "project", "ttl")
    computed = ("createTime", "effectiveAnnotations", "effectiveLabels", "name", "project", "pulumiLabels")
    kept = ("project", "expireTime")
    local = ("deletionPolicy", "deletionProtection", "ttl")
    defaults = MappingProxyType({**DELETION, "deletionProtection": False})
    nested = MappingProxyType(
        {
            "replication": tuple(REPLICATION),
            "replication.auto": ("customerManagedEncryption",),
            "replication.auto.customerManagedEncryption": ("kmsKeyName",),
            "replication.userManaged": ("replicas",),
            "replication.userManaged.replicas": ("location", "customerManagedEncryption"),
            "replication.userManaged.replicas.customerManagedEncryption": ("kmsKeyName",),
            "rotation": ("nextRotationTime", "rotationPeriod"),
            "topics": ("name",),
        }
    )
    masked = ("effectiveLabels", "pulumiLabels")
    identity = ("project", "secretId")
    name_property = "secretId"
    name_length = 255

    def creation(self, cloud: GoogleCloud, new: Properties, path: str) -> dict[str, Any]:
        """With the replication, which nothing can change later."""
        body = super().creation(cloud, new, path)
        replication = {REPLICATION[name]: value or {} for name, value in new["replication"].items()}
        return {**body, "replication": replication, **({"ttl": new["ttl"]} if new.get("ttl") else {})}

    def properties_of(self, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """With the replication."""
        given = found.get("replication") or {}
        replication = {name: given[field] for name, field in REPLICATION.items() if field in given}
        return {**super().properties_of(found, known), "replication": replication}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Automatic replication is an empty message, so that here what is empty counts too."""
        if name == "replication" and isinstance(old, Mapping) and isinstance(new, Mapping):
            return set(old) == set(new) and super().same(name, dict(old), dict(new))
        return super().same(name, old, new)

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """All its versions go with it, at once and for ever."""
        if known.get("deletionProtection"):
            raise ProviderError(
                f"the secret {id_} has deletionProtection",
                "set it to false in the program, run up, then delete it",
            )
        super().delete(cloud, id_, known)

    def explain_conflict(self, cloud: GoogleCloud, path: str) -> None:
        """A secret may hold a value: it is adopted rather than deleted."""
        raise AlreadyExists(
            f"the secret {path} exists and does not belong to this stack",
            f'adopt it with the resource option import_="{path}", or delete it: '
            f"gcloud secrets delete {path.rpartition('/')[2]} --project {path.split('/')[1]}",
        )
