"""Functions of pulumi-gcp that read something: the project, the configuration, secrets.

They show nested blocks as lists and name those in the plural, as the real provider's functions do.
Source: pulumi_gcp/organizations/get_project.py, get_client_config.py and secretmanager/outputs.py (10.2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.provider.errors import MissingError, ProviderError
from sandbox.provider.gcp.cloud import GoogleCloud, GoogleFailure
from sandbox.provider.gcp.failures import NOT_FOUND
from sandbox.provider.gcp.resource import without_attribution
from sandbox.provider.gcp.secrets import Secret

PAGE_SIZE = 250


def project(cloud: GoogleCloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A project by its id or number, the provider's own without one."""
    wanted = str(arguments.get("projectId") or cloud.project).removeprefix("projects/")
    try:
        found = cloud.call("cloudresourcemanager", "GET", f"projects/{wanted}")
    except GoogleFailure as failure:
        if failure.code != NOT_FOUND:
            raise
        raise MissingError(f"projects/{wanted} not found or not in ACTIVE state") from None
    labels = found.get("labels") or {}
    parent = found.get("parent") or {}
    return {
        "id": f"projects/{found['projectId']}",
        "projectId": found["projectId"],
        "number": str(found["projectNumber"]),
        "name": found.get("name", ""),
        "labels": labels,
        "effectiveLabels": labels,
        "pulumiLabels": labels,
        "orgId": parent.get("id", "") if parent.get("type") == "organization" else "",
        "folderId": parent.get("id", "") if parent.get("type") == "folder" else "",
        "autoCreateNetwork": True,
        "billingAccount": "",
        "deletionPolicy": "PREVENT",
        "tags": {},
    }


def client_config(cloud: GoogleCloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the provider is configured with."""
    place = f'projects/"{cloud.project}"/regions/"{cloud.region}"/zones/""'
    labels = without_attribution(cloud.default_labels)
    token = {"accessToken": cloud.token, "defaultLabels": labels}
    return {"id": place, "project": cloud.project, "region": cloud.region, "zone": "", **token}


def secret(cloud: GoogleCloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One secret, without its value. Raises: GoogleFailure when there is none."""
    path = Secret().path_of(cloud, arguments)
    return {**_secret(cloud, cloud.call("secretmanager", "GET", path)), "id": path}


def secrets(cloud: GoogleCloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """All secrets of a project that pass a filter, without their values."""
    wanted = str(arguments.get("project") or cloud.project)
    query = {"filter": arguments.get("filter"), "pageSize": PAGE_SIZE, "pageToken": None}
    found: list[dict[str, Any]] = []
    while True:
        page = cloud.call("secretmanager", "GET", f"projects/{wanted}/secrets", query=query)
        found += [_secret(cloud, one) for one in page.get("secrets") or ()]
        query["pageToken"] = page.get("nextPageToken")
        if not query["pageToken"]:
            break
    filtered = {"filter": arguments["filter"]} if arguments.get("filter") else {}
    return {"id": f"projects/{wanted}/secrets", "project": wanted, "secrets": found, **filtered}


def _secret(cloud: GoogleCloud, found: Mapping[str, Any]) -> dict[str, Any]:
    name = str(found["name"])
    labels, annotations = found.get("labels") or {}, found.get("annotations") or {}
    rotation = found.get("rotation")
    return {
        "name": name,
        "secretId": name.rpartition("/")[2],
        "project": cloud.project,
        "createTime": found.get("createTime", ""),
        "expireTime": found.get("expireTime", ""),
        "labels": labels,
        "effectiveLabels": labels,
        "pulumiLabels": labels,
        "annotations": annotations,
        "effectiveAnnotations": annotations,
        "replications": [_replication(found.get("replication") or {})],
        "rotations": [{"nextRotationTime": "", "rotationPeriod": "", **rotation}] if rotation else [],
        "topics": found.get("topics") or [],
        "versionAliases": found.get("versionAliases") or {},
        "versionDestroyTtl": found.get("versionDestroyTtl", ""),
        "ttl": "",
        "tags": {},
        "secretType": "",
        "deletionPolicy": "DELETE",
        "deletionProtection": False,
    }


def _replication(found: Mapping[str, Any]) -> dict[str, Any]:
    if "automatic" in found:
        return {"autos": [_encryption(found["automatic"])], "userManageds": []}
    if "userManaged" not in found:
        raise ProviderError("Google answered a secret without a replication")
    replicas = [
        {"location": one["location"], **_encryption(one)}
        for one in found["userManaged"].get("replicas") or ()
    ]
    return {"autos": [], "userManageds": [{"replicas": replicas}]}


def _encryption(found: Mapping[str, Any]) -> dict[str, Any]:
    key = (found.get("customerManagedEncryption") or {}).get("kmsKeyName")
    return {"customerManagedEncryptions": [{"kmsKeyName": key}] if key else []}


INVOKES = {
    "gcp:organizations/getClientConfig:getClientConfig": client_config,
    "gcp:organizations/getProject:getProject": project,
    "gcp:secretmanager/getSecret:getSecret": secret,
    "gcp:secretmanager/getSecrets:getSecrets": secrets,
}
