"""The manifest: a typed, versioned, value-free description of an environment that every command reads.

The stack exports it; its JSON schema is docs/manifest.schema.json. Reading checks the whole shape, because
a manifest may come from a file that somebody edited. Nothing here is secret; nothing here may ever be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keyplan.errors import ManifestError

FORMAT = "keyplan-manifest/1"


@dataclass(frozen=True)
class SecretLocation:
    """Where one key's value is stored on AWS."""

    name: str
    arn: str
    json_key: str  # the field of the stored JSON object that holds the value


@dataclass(frozen=True)
class ManifestKey:
    """One key, as commands need it."""

    name: str
    vendor: str
    owner: str
    env_var: str
    value_format: str | None
    rotate_every: str  # durations in the catalogue's form: `90d`
    remind_before: str
    grace: str
    aws: SecretLocation


@dataclass(frozen=True)
class ManifestConsumer:
    """One consumer, as its wiring needs it."""

    name: str
    runtime: str
    keys: tuple[str, ...]
    env: Mapping[str, str]
    role_arn: str | None  # the principal that reads; none for people
    policy_arns: tuple[str, ...]  # managed policies that grant the read
    settings: Mapping[str, Any]  # the runtime's own fields, spelled as in the catalogue


@dataclass(frozen=True)
class AwsLocation:
    """The account that holds the environment's secrets."""

    account_id: str
    partition: str
    region: str
    kms_key_arn: str
    operator_policy_arns: tuple[str, ...]
    auditor_role_arn: str
    endpoints: Mapping[str, str] = field(default_factory=dict)  # service -> URL, where not the public one


@dataclass(frozen=True)
class Manifest:
    """An environment."""

    environment: str
    owner: str
    escalate_after: str
    aws: AwsLocation
    keys: Mapping[str, ManifestKey]
    consumers: Mapping[str, ManifestConsumer]

    def readers_of(self, key: str) -> tuple[str, ...]:
        """Names of the consumers that read `key`."""
        return tuple(name for name, consumer in self.consumers.items() if key in consumer.keys)


__all__ = ["FORMAT", "AwsLocation", "Manifest", "ManifestConsumer", "ManifestError", "ManifestKey", "SecretLocation"]
