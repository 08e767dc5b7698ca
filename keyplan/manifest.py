"""The manifest: a typed, versioned, value-free description of an environment that every command reads.

The stack exports it; its JSON schema is docs/manifest.schema.json. Reading checks the whole shape, because
a manifest may come from a file that somebody edited. Nothing here is secret; nothing here may ever be.
The JSON side, and the check itself, is `manifest_document`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyplan.errors import ManifestError
from keyplan.manifest_document import FORMAT, checked

if TYPE_CHECKING:
    from keyplan.manifest_document import AwsDocument, ConsumerDocument, KeyDocument, ManifestDocument


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

    @classmethod
    def from_json(cls, name: str, document: KeyDocument) -> ManifestKey:
        """A key of a checked document."""
        secret = document["aws"]
        return cls(
            name=name,
            vendor=document["vendor"],
            owner=document["owner"],
            env_var=document["envVar"],
            value_format=document.get("format"),
            rotate_every=document["rotateEvery"],
            remind_before=document["remindBefore"],
            grace=document["grace"],
            aws=SecretLocation(name=secret["name"], arn=secret["arn"], json_key=secret["jsonKey"]),
        )

    def to_json(self) -> dict[str, Any]:
        """The key's entry under `keys`."""
        return {
            "vendor": self.vendor,
            "owner": self.owner,
            "envVar": self.env_var,
            **({} if self.value_format is None else {"format": self.value_format}),
            "rotateEvery": self.rotate_every,
            "remindBefore": self.remind_before,
            "grace": self.grace,
            "aws": {"name": self.aws.name, "arn": self.aws.arn, "jsonKey": self.aws.json_key},
        }


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

    @classmethod
    def from_json(cls, name: str, document: ConsumerDocument) -> ManifestConsumer:
        """A consumer of a checked document."""
        return cls(
            name=name,
            runtime=document["runtime"],
            keys=tuple(document["keys"]),
            env=dict(document["env"]),
            role_arn=document.get("roleArn"),
            policy_arns=tuple(document["policyArns"]),
            settings=dict(document["settings"]),
        )

    def to_json(self) -> dict[str, Any]:
        """The consumer's entry under `consumers`."""
        return {
            "runtime": self.runtime,
            "keys": list(self.keys),
            "env": dict(self.env),
            **({} if self.role_arn is None else {"roleArn": self.role_arn}),
            "policyArns": list(self.policy_arns),
            "settings": dict(self.settings),
        }


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

    @classmethod
    def from_json(cls, document: AwsDocument) -> AwsLocation:
        """`clouds.aws` of a checked document."""
        return cls(
            account_id=document["accountId"],
            partition=document["partition"],
            region=document["region"],
            kms_key_arn=document["kmsKeyArn"],
            operator_policy_arns=tuple(document["operatorPolicyArns"]),
            auditor_role_arn=document["auditorRoleArn"],
            endpoints=dict(document["endpoints"]),
        )

    def to_json(self) -> dict[str, Any]:
        """The entry under `clouds.aws`."""
        return {
            "accountId": self.account_id,
            "partition": self.partition,
            "region": self.region,
            "kmsKeyArn": self.kms_key_arn,
            "operatorPolicyArns": list(self.operator_policy_arns),
            "auditorRoleArn": self.auditor_role_arn,
            "endpoints": dict(self.endpoints),
        }


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

    @classmethod
    def from_json(cls, document: object) -> Manifest:
        """Check a parsed JSON document and read it.

        Raises:
            ManifestError: with every mistake of the shape, each with its path; or a newer keyplan wrote it.
        """
        return cls.from_document(checked(document))

    @classmethod
    def from_document(cls, document: ManifestDocument) -> Manifest:
        """Read a document that `manifest_document` has checked."""
        return cls(
            environment=document["environment"],
            owner=document["owner"],
            escalate_after=document["escalateAfter"],
            aws=AwsLocation.from_json(document["clouds"]["aws"]),
            keys={name: ManifestKey.from_json(name, key) for name, key in document["keys"].items()},
            consumers={
                name: ManifestConsumer.from_json(name, entry) for name, entry in document["consumers"].items()
            },
        )

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON data, camelCase, as docs/manifest.schema.json has it."""
        return {
            "format": FORMAT,
            "environment": self.environment,
            "owner": self.owner,
            "escalateAfter": self.escalate_after,
            "clouds": {"aws": self.aws.to_json()},
            "keys": {name: key.to_json() for name, key in self.keys.items()},
            "consumers": {name: consumer.to_json() for name, consumer in self.consumers.items()},
        }


__all__ = [
    "FORMAT",
    "AwsLocation",
    "Manifest",
    "ManifestConsumer",
    "ManifestError",
    "ManifestKey",
    "SecretLocation",
]
