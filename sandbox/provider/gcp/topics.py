"""Pub/Sub topics."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.resource import DELETION, RestType
from sandbox.provider.handler import Properties


class Topic(RestType):
    """Id: `projects/P/topics/NAME`."""

    kind = "gcp:pubsub/topic:Topic"
    service = "pubsub"
    path = "projects/{project}/topics/{name}"
    fields = ("kmsKeyName", "labels", "messageRetentionDuration", "messageStoragePolicy")
    label_fields = MappingProxyType({"labels": "effectiveLabels"})
    optional = ("deletionPolicy", "name", "project", *fields)
    fixed = ("name", "project")
    computed = ("effectiveLabels", "project", "pulumiLabels")
    kept = ("project",)
    local = ("deletionPolicy",)
    defaults = MappingProxyType(DELETION)
    nested = MappingProxyType({"messageStoragePolicy": ("allowedPersistenceRegions", "enforceInTransit")})
    masked = ("effectiveLabels", "pulumiLabels")
    identity = ("name", "project")
    name_length = 255

    def make(self, cloud: GoogleCloud, new: Properties, path: str) -> str:
        """PUT to its own path."""
        cloud.call(self.service, "PUT", path, self.creation(cloud, new, path))
        return path

    def send_patch(self, cloud: GoogleCloud, id_: str, body: dict[str, Any], mask: Sequence[str]) -> None:
        """Message and mask are both in the body."""
        cloud.call(self.service, "PATCH", id_, {"topic": {**body, "name": id_}, "updateMask": ",".join(mask)})
