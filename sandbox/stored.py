"""What the sandbox's cloud has of each key: a value or none. Names and dates, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.server.client import aws_client
from sandbox.server.record import ServerRecord


@dataclass(frozen=True)
class StoredKey:
    """One key of the manifest and what is stored for it."""

    name: str
    vendor: str
    env_var: str
    owner: str
    versions: int  # labelled versions; 0: nobody has put a value, or it went with an earlier server
    has_value: bool
    created: datetime | None  # of the container


def stored_keys(record: ServerRecord, manifest: Mapping[str, Any]) -> list[StoredKey]:
    """Every key of a manifest document, in its order."""
    client = aws_client(record, "secretsmanager", manifest["clouds"]["aws"]["region"])
    secrets: dict[str, dict[str, Any]] = {}
    for page in client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True):
        secrets.update((secret["ARN"], secret) for secret in page["SecretList"])
    return [_stored(name, key, secrets.get(key["aws"]["arn"], {})) for name, key in manifest["keys"].items()]


def _stored(name: str, key: Mapping[str, Any], secret: Mapping[str, Any]) -> StoredKey:
    labels: Mapping[str, list[str]] = secret.get("SecretVersionsToStages", {})
    return StoredKey(
        name=name,
        vendor=key["vendor"],
        env_var=key["envVar"],
        owner=key["owner"],
        versions=len(labels),
        has_value=any("AWSCURRENT" in stages for stages in labels.values()),
        created=secret.get("CreatedDate"),
    )


def values_stored(record: ServerRecord, region: str) -> int:
    """How many secrets hold a value now."""
    client = aws_client(record, "secretsmanager", region)
    total = 0
    for page in client.get_paginator("list_secrets").paginate():
        total += sum(1 for secret in page["SecretList"] if secret.get("SecretVersionsToStages"))
    return total
