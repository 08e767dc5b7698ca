"""The manifest as objects: an environment, its keys and its consumers.

The stack exports it; its JSON schema is docs/manifest.schema.json. Reading checks the whole shape, because
a manifest may come from a file that somebody edited. Nothing here is secret; nothing here may ever be.
The fields of the JSON are `document`, the check is `checking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.checking import checked
from keyplan.manifest.places import AwsLocation, GcpLocation, GcpSecretLocation, SecretLocation
from keyplan.manifest.rules import FORMAT

if TYPE_CHECKING:
    from keyplan.manifest.document import ConsumerDocument, KeyDocument, ManifestDocument


@dataclass(frozen=True)
class ManifestKey:
    """One key, as commands need it. It is stored in each of the manifest's clouds."""

    name: str
    vendor: str
    owner: str
    env_var: str
    value_format: str | None
    rotate_every: str  # durations in the catalogue's form: `90d`
    remind_before: str
    grace: str
    aws: SecretLocation | None = None
    gcp: GcpSecretLocation | None = None
    organization: str | None = None  # anthropic: where the value has to belong, as its answers say
    workspace: str | None = None
    base_url: str | None = None  # gateway: where its token is sent, and nowhere else
    check_url: str | None = None  # generic: what answers whether a value is alive
    check_header: str | None = None  # the header that takes it there; `Authorization` takes it as Bearer
    lockdown: bool = False  # nobody but its readers and the break-glass role can read it

    @property
    def url(self) -> str | None:
        """The address that its value is sent to besides the vendor's own; the secret itself names it, too."""
        return self.base_url or self.check_url

    def on_aws(self) -> SecretLocation:
        """Where it is stored on AWS.

        Raises:
            UsageError: the environment is not on AWS.
        """
        if self.aws is None:
            raise UsageError(f"the key {self.name} is not stored on AWS")
        return self.aws

    def on_gcp(self) -> GcpSecretLocation:
        """Where it is stored on Google Cloud.

        Raises:
            UsageError: the environment is not on Google Cloud.
        """
        if self.gcp is None:
            raise UsageError(f"the key {self.name} is not stored on Google Cloud")
        return self.gcp

    @classmethod
    def from_json(cls, name: str, document: KeyDocument) -> ManifestKey:
        """A key of a checked document."""
        aws, gcp = document.get("aws"), document.get("gcp")
        return cls(
            name=name,
            vendor=document["vendor"],
            owner=document["owner"],
            env_var=document["envVar"],
            value_format=document.get("format"),
            rotate_every=document["rotateEvery"],
            remind_before=document["remindBefore"],
            grace=document["grace"],
            aws=None if aws is None else SecretLocation.from_json(aws),
            gcp=None if gcp is None else GcpSecretLocation.from_json(gcp),
            organization=document.get("organization"),
            workspace=document.get("workspace"),
            base_url=document.get("baseUrl"),
            check_url=document.get("checkUrl"),
            check_header=document.get("checkHeader"),
            lockdown=document.get("lockdown", False),
        )

    def to_json(self) -> dict[str, Any]:
        """The key's entry under `keys`."""
        optional = {
            "format": self.value_format,
            "organization": self.organization,
            "workspace": self.workspace,
            "baseUrl": self.base_url,
            "checkUrl": self.check_url,
            "checkHeader": self.check_header,
        }
        return {
            "vendor": self.vendor,
            "owner": self.owner,
            "envVar": self.env_var,
            **{name: value for name, value in optional.items() if value is not None},
            "rotateEvery": self.rotate_every,
            "remindBefore": self.remind_before,
            "grace": self.grace,
            **({"lockdown": True} if self.lockdown else {}),
            **({} if self.aws is None else {"aws": self.aws.to_json()}),
            **({} if self.gcp is None else {"gcp": self.gcp.to_json()}),
        }


@dataclass(frozen=True)
class ManifestConsumer:
    """One consumer, as its wiring needs it."""

    name: str
    runtime: str
    keys: tuple[str, ...]
    env: Mapping[str, str]
    role_arn: str | None  # the principal that reads on AWS; none for people
    policy_arns: tuple[str, ...]  # managed policies that grant the read on AWS
    settings: Mapping[str, Any]  # the runtime's own fields, spelled as in the catalogue
    cloud: str = "aws"  # where it reads
    member: str | None = None  # the principal that reads on Google Cloud, as IAM spells it; none for people
    workload_identity_provider: str | None = None  # through which a CI runner becomes that member
    route: str | None = None  # a name in `keyplan.routes.Route`; None: by its keys
    identity_audience: str | None = None  # with the route federation: what its identity token is for

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
            cloud=document.get("cloud", "aws"),
            member=document.get("member"),
            workload_identity_provider=document.get("workloadIdentityProvider"),
            route=document.get("route"),
            identity_audience=document.get("identityAudience"),
        )

    def to_json(self) -> dict[str, Any]:
        """The consumer's entry under `consumers`; without `cloud` it is AWS, as before there was another."""
        provider = self.workload_identity_provider
        return {
            "runtime": self.runtime,
            **({} if self.cloud == "aws" else {"cloud": self.cloud}),
            "keys": list(self.keys),
            "env": dict(self.env),
            **({} if self.route is None else {"route": self.route}),
            **({} if self.identity_audience is None else {"identityAudience": self.identity_audience}),
            **({} if self.role_arn is None else {"roleArn": self.role_arn}),
            "policyArns": list(self.policy_arns),
            **({} if self.member is None else {"member": self.member}),
            **({} if provider is None else {"workloadIdentityProvider": provider}),
            "settings": dict(self.settings),
        }


@dataclass(frozen=True)
class Manifest:
    """An environment, in at least one cloud."""

    environment: str
    owner: str
    escalate_after: str
    aws: AwsLocation | None
    keys: Mapping[str, ManifestKey]
    consumers: Mapping[str, ManifestConsumer]
    gcp: GcpLocation | None = None
    vendor_endpoints: Mapping[str, str] = field(default_factory=dict)  # vendor -> URL in place of its own
    claude_code_key: str | None = None  # the one that Claude Code uses; None: the only one that it can use
    first_cloud: str | None = None  # the first of the catalogue's clouds; None: AWS, or the only one

    def on_aws(self) -> AwsLocation:
        """The AWS account.

        Raises:
            UsageError: the environment is not on AWS.
        """
        if self.aws is None:
            raise UsageError(f"environment {self.environment} is not on AWS")
        return self.aws

    def on_gcp(self) -> GcpLocation:
        """The Google Cloud project.

        Raises:
            UsageError: the environment is not on Google Cloud.
        """
        if self.gcp is None:
            raise UsageError(f"environment {self.environment} is not on Google Cloud")
        return self.gcp

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
        """Read a document that `checking` has looked at."""
        clouds = document["clouds"]
        return cls(
            environment=document["environment"],
            owner=document["owner"],
            escalate_after=document["escalateAfter"],
            aws=AwsLocation.from_json(clouds["aws"]) if "aws" in clouds else None,
            gcp=GcpLocation.from_json(clouds["gcp"]) if "gcp" in clouds else None,
            keys={name: ManifestKey.from_json(name, key) for name, key in document["keys"].items()},
            consumers={
                name: ManifestConsumer.from_json(name, entry) for name, entry in document["consumers"].items()
            },
            vendor_endpoints=dict(document.get("vendorEndpoints", {})),
            claude_code_key=document.get("claudeCodeKey"),
            first_cloud=document.get("firstCloud"),
        )

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON data, camelCase, as docs/manifest.schema.json has it."""
        return {
            "format": FORMAT,
            "environment": self.environment,
            "owner": self.owner,
            "escalateAfter": self.escalate_after,
            "clouds": {
                **({} if self.aws is None else {"aws": self.aws.to_json()}),
                **({} if self.gcp is None else {"gcp": self.gcp.to_json()}),
            },
            **({} if self.first_cloud is None else {"firstCloud": self.first_cloud}),
            "keys": {name: key.to_json() for name, key in self.keys.items()},
            "consumers": {name: consumer.to_json() for name, consumer in self.consumers.items()},
            **({} if self.claude_code_key is None else {"claudeCodeKey": self.claude_code_key}),
            **({"vendorEndpoints": dict(self.vendor_endpoints)} if self.vendor_endpoints else {}),
        }


__all__ = [
    "FORMAT",
    "AwsLocation",
    "GcpLocation",
    "GcpSecretLocation",
    "Manifest",
    "ManifestConsumer",
    "ManifestError",
    "ManifestKey",
    "SecretLocation",
]
