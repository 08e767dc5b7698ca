"""What the sandbox's clouds have of each key: a value or none. Names and dates, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyplan.names import vendor_key_is_for, vendor_key_name
from sandbox.project import STACK
from sandbox.server.client import ServerClient, aws_client
from sandbox.server.record import ServerRecord


@dataclass(frozen=True)
class StoredKey:
    """One key of the manifest and what is stored for it."""

    name: str
    vendor: str
    vendor_name: str  # what a new value's key should be called in the vendor's console
    env_var: str
    owner: str
    versions: Mapping[str, int]  # by cloud; 0: nobody has put a value, or it went with an earlier server
    has_value: bool  # in every cloud of the environment
    created: datetime | None  # of the container, in the environment's first cloud


@dataclass(frozen=True)
class _Container:
    versions: int
    has_value: bool
    created: datetime | None


NOTHING = _Container(0, False, None)


def stored_keys(record: ServerRecord, manifest: Mapping[str, Any]) -> list[StoredKey]:
    """Every key of a manifest document, in its order."""
    clouds: dict[str, dict[str, _Container]] = {}
    if "aws" in manifest["clouds"]:
        clouds["aws"] = _on_aws(record, manifest["clouds"]["aws"]["region"])
    if "gcp" in manifest["clouds"]:
        clouds["gcp"] = _on_google(record, manifest["clouds"]["gcp"]["projectId"])
    return [
        _stored(name, key, clouds, _vendor_name(manifest, name)) for name, key in manifest["keys"].items()
    ]


def _vendor_name(manifest: Mapping[str, Any], key: str) -> str:
    consumers = manifest.get("consumers", {})
    readers = [name for name, consumer in consumers.items() if key in consumer["keys"]]
    named_after = vendor_key_is_for(key, readers)
    return vendor_key_name(manifest.get("environment", STACK), named_after, datetime.now(UTC).date())


def _stored(
    name: str, key: Mapping[str, Any], clouds: Mapping[str, Mapping[str, _Container]], vendor_name: str
) -> StoredKey:
    ids = {"aws": "arn", "gcp": "name"}
    found = {cloud: known.get(key[cloud][ids[cloud]], NOTHING) for cloud, known in clouds.items()}
    return StoredKey(
        name=name,
        vendor=key["vendor"],
        vendor_name=vendor_name,
        env_var=key["envVar"],
        owner=key["owner"],
        versions={cloud: container.versions for cloud, container in found.items()},
        has_value=all(container.has_value for container in found.values()),
        created=next((container.created for container in found.values()), None),
    )


def values_stored(record: ServerRecord, manifest: Mapping[str, Any]) -> int:
    """How many secrets hold a value now, in the clouds of a manifest document."""
    containers: list[_Container] = []
    if "aws" in manifest["clouds"]:
        containers += _on_aws(record, manifest["clouds"]["aws"]["region"], pending=False).values()
    if "gcp" in manifest["clouds"]:
        containers += _on_google(record, manifest["clouds"]["gcp"]["projectId"]).values()
    return sum(1 for container in containers if container.versions)


def _on_aws(record: ServerRecord, region: str, *, pending: bool = True) -> dict[str, _Container]:
    """By ARN. Versions without a label do not count. Args: pending: those that wait for their end, too."""
    client = aws_client(record, "secretsmanager", region)
    found: dict[str, _Container] = {}
    for page in client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=pending):
        for secret in page["SecretList"]:
            labels: Mapping[str, list[str]] = secret.get("SecretVersionsToStages", {})
            has_value = any("AWSCURRENT" in stages for stages in labels.values())
            found[secret["ARN"]] = _Container(len(labels), has_value, secret.get("CreatedDate"))
    return found


def _on_google(record: ServerRecord, project: str) -> dict[str, _Container]:
    """By the secret's id. Versions that were destroyed do not count."""
    secrets = ServerClient(record).ask("google-secrets", project=project)["secrets"]
    return {
        secret_id: _Container(
            held["versions"], held["has_value"], datetime.fromtimestamp(held["created"], UTC)
        )
        for secret_id, held in secrets.items()
    }
