"""Cloud Run functions, second generation, called over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.resource import ANYTHING, DELETION, RestType
from sandbox.provider.handler import Properties

SERVICE_CONFIG = (
    "allTrafficOnLatestRevision",
    "availableCpu",
    "availableMemory",
    "environmentVariables",
    "gcfUri",
    "ingressSettings",
    "maxInstanceCount",
    "maxInstanceRequestConcurrency",
    "minInstanceCount",
    "service",
    "serviceAccountEmail",
    "timeoutSeconds",
    "uri",
)


class Function(RestType):
    """Id: `projects/P/locations/LOCATION/functions/NAME`."""

    kind = "gcp:cloudfunctionsv2/function:Function"
    service = "cloudfunctions"
    path = "projects/{project}/locations/{location}/functions/{name}"
    id_query = "functionId"
    operations = True
    fields = ("buildConfig", "description", "labels", "serviceConfig")
    label_fields = MappingProxyType({"labels": "effectiveLabels"})
    required = ("location",)
    optional = ("deletionPolicy", "name", "project", *fields)
    fixed = ("location", "name", "project")
    computed = (
        "effectiveLabels",
        "environment",
        "project",
        "pulumiLabels",
        "state",
        "updateTime",
        "url",
    )
    kept = ("project",)
    local = ("deletionPolicy",)
    defaults = MappingProxyType(DELETION)
    masked = ("effectiveLabels", "pulumiLabels")
    identity = ("location", "name", "project")
    name_length = 63
    filled = MappingProxyType(
        {
            "buildConfig.build": ANYTHING,
            "buildConfig.dockerRepository": ANYTHING,
            "buildConfig.serviceAccount": ANYTHING,
            "buildConfig.source.storageSource.generation": ANYTHING,
            "serviceConfig.allTrafficOnLatestRevision": True,
            "serviceConfig.availableCpu": ANYTHING,
            "serviceConfig.availableMemory": ANYTHING,
            "serviceConfig.gcfUri": ANYTHING,
            "serviceConfig.ingressSettings": "ALLOW_ALL",
            "serviceConfig.maxInstanceCount": ANYTHING,
            "serviceConfig.maxInstanceRequestConcurrency": ANYTHING,
            "serviceConfig.service": ANYTHING,
            "serviceConfig.serviceAccountEmail": ANYTHING,
            "serviceConfig.timeoutSeconds": ANYTHING,
            "serviceConfig.uri": ANYTHING,
        }
    )
    nested = MappingProxyType(
        {
            "buildConfig": (
                "build",
                "dockerRepository",
                "entryPoint",
                "environmentVariables",
                "runtime",
                "serviceAccount",
                "source",
            ),
            "buildConfig.source": ("storageSource",),
            "buildConfig.source.storageSource": ("bucket", "generation", "object"),
            "serviceConfig": SERVICE_CONFIG,
        }
    )

    def body(self, cloud: GoogleCloud, new: Properties) -> dict[str, Any]:
        """64-bit numbers are text in JSON, and what only the cloud says is not sent."""
        body = super().body(cloud, new)
        build = dict(body.get("buildConfig") or {})
        storage = dict((build.get("source") or {}).get("storageSource") or {})
        if storage.get("generation") is not None:
            storage["generation"] = str(storage["generation"])
            body["buildConfig"] = {**build, "source": {**build["source"], "storageSource": storage}}
        return body

    def properties_of(self, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """The generation is a number in a program."""
        properties = super().properties_of(found, known)
        storage = ((properties.get("buildConfig") or {}).get("source") or {}).get("storageSource") or {}
        if "generation" in storage:
            storage["generation"] = int(storage["generation"])
        return properties
