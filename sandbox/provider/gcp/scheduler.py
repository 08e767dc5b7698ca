"""Cloud Scheduler: jobs that call an address or publish a message, again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.resource import ANYTHING, DELETION, RestType
from sandbox.provider.handler import Properties


class Job(RestType):
    """Id: `projects/P/locations/REGION/jobs/NAME`."""

    kind = "gcp:cloudscheduler/job:Job"
    service = "cloudscheduler"
    path = "projects/{project}/locations/{region}/jobs/{name}"
    fields = (
        "attemptDeadline",
        "description",
        "httpTarget",
        "pubsubTarget",
        "retryConfig",
        "schedule",
        "timeZone",
    )
    optional = ("deletionPolicy", "name", "paused", "project", "region", *fields)
    fixed = ("name", "project", "region")
    computed = ("project", "region", "state")
    kept = ("project", "region")
    local = ("deletionPolicy",)
    defaults = MappingProxyType({**DELETION, "timeZone": "Etc/UTC"})
    identity = ("name", "project", "region")
    name_length = 500
    filled = MappingProxyType(
        {
            "attemptDeadline": "180s",
            "httpTarget.httpMethod": "POST",
            "httpTarget.oidcToken.audience": ANYTHING,
            "retryConfig.maxBackoffDuration": ANYTHING,
            "retryConfig.maxDoublings": ANYTHING,
            "retryConfig.maxRetryDuration": ANYTHING,
            "retryConfig.minBackoffDuration": ANYTHING,
        }
    )
    nested = MappingProxyType(
        {
            "httpTarget": ("body", "headers", "httpMethod", "oauthToken", "oidcToken", "uri"),
            "httpTarget.oauthToken": ("scope", "serviceAccountEmail"),
            "httpTarget.oidcToken": ("audience", "serviceAccountEmail"),
            "pubsubTarget": ("attributes", "data", "topicName"),
            "retryConfig": (
                "maxBackoffDuration",
                "maxDoublings",
                "maxRetryDuration",
                "minBackoffDuration",
                "retryCount",
            ),
        }
    )

    def creation(self, cloud: GoogleCloud, new: Properties, path: str) -> dict[str, Any]:
        """The name is in the body."""
        return {**super().creation(cloud, new, path), "name": path}

    def complete(self, cloud: GoogleCloud, id_: str, new: Properties) -> None:
        """A new job is enabled."""
        if new.get("paused"):
            cloud.call(self.service, "POST", f"{id_}:pause", {})

    def patch(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, mask: Sequence[str]
    ) -> None:
        """The message says which job it is."""
        body = {name: value for name, value in self.body(cloud, new).items() if name in mask}
        cloud.call(self.service, "PATCH", id_, {**body, "name": id_}, {"updateMask": ",".join(mask)})

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Pausing has verbs of its own."""
        if "paused" in changed:
            cloud.call(self.service, "POST", f"{id_}:{'pause' if new.get('paused') else 'resume'}", {})
        return super().update(cloud, id_, old, new, changed)

    def properties_of(self, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """A paused job says so in its state."""
        paused = found.get("state") == "PAUSED"
        told = {"paused": paused} if paused or "paused" in known else {}
        return {**super().properties_of(found, known), **told}

    def shown(self, cloud: GoogleCloud, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """With the region that the path has."""
        return super().shown(cloud, {**found, "region": str(found["name"]).split("/")[3]}, known)

    def path_of(self, cloud: GoogleCloud, new: Properties) -> str:
        """In the provider's region where the job names none."""
        return super().path_of(cloud, {**new, "region": new.get("region") or cloud.region})
