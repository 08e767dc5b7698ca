"""Cloud Logging: metrics that count log entries."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.resource import ANYTHING, DELETION, RestType, keeps
from sandbox.provider.handler import Created, Properties


class Metric(RestType):
    """Id: the metric's name, as with the real provider; it is one of the provider's own project."""

    kind = "gcp:logging/metric:Metric"
    service = "logging"
    path = "projects/{project}/metrics/{name}"
    fields = (
        "bucketName",
        "description",
        "disabled",
        "filter",
        "labelExtractors",
        "metricDescriptor",
        "name",
        "valueExtractor",
    )
    required = ("filter",)
    optional = (
        "bucketName",
        "deletionPolicy",
        "description",
        "disabled",
        "labelExtractors",
        "metricDescriptor",
        "name",
        "project",
        "valueExtractor",
    )
    fixed = ("name", "project")
    computed = ("project",)
    kept = ("project",)
    local = ("deletionPolicy",)
    defaults = MappingProxyType(DELETION)
    identity = ("name", "project")
    name_length = 100
    filled = MappingProxyType(
        {
            "metricDescriptor.unit": "1",
            "metricDescriptor.labels.valueType": "STRING",
            "metricDescriptor": ANYTHING,
        }
    )
    nested = MappingProxyType(
        {
            "metricDescriptor": ("displayName", "labels", "metricKind", "unit", "valueType"),
            "metricDescriptor.labels": ("description", "key", "valueType"),
        }
    )

    def make(self, cloud: GoogleCloud, new: Properties, path: str) -> str:
        """POST; the name is in the body."""
        cloud.call(self.service, "POST", path.partition("/metrics/")[0] + "/metrics", self.body(cloud, new))
        return path

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """Its id is its name alone."""
        return Created(str(new["name"]), super().create(cloud, new).computed)

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By name."""
        return str(new["name"])

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """PUT replaces all of it."""
        path = self.path_of(cloud, {**new, "name": _name(id_)})
        if set(self.fields) & changed:
            cloud.call(self.service, "PUT", path, self.body(cloud, new))
        return self.shown(cloud, cloud.call(self.service, "GET", path), new)

    def path_of(self, cloud: GoogleCloud, new: Properties) -> str:
        """A slash within the name is no slash of the path."""
        return super().path_of(cloud, {**new, "name": quote(str(new["name"]), safe="")})

    def read(self, cloud: GoogleCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """By name."""
        found = cloud.call(self.service, "GET", self.path_of(cloud, {**known, "name": _name(id_)}))
        return {**self.properties_of(found, known), **self.shown(cloud, found, known)}

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """By name."""
        if not keeps(self, id_, known):
            cloud.call(self.service, "DELETE", self.path_of(cloud, {**known, "name": _name(id_)}))

    def properties_of(self, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """By its short name."""
        return super().properties_of({**found, "name": _name(str(found["name"]))}, known)


def _name(id_: str) -> str:
    """`errors` of `projects/P/metrics/errors`."""
    return id_.rpartition("/metrics/")[2] if id_.startswith("projects/") else id_
