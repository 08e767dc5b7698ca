"""What each cloud contributes to an environment's manifest, and the manifest that they make. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyplan.catalogue import Catalogue, Consumer, Key, consumer_settings
from keyplan.claude_code import usable
from keyplan.manifest.model import (
    AwsLocation,
    GcpLocation,
    GcpSecretLocation,
    Manifest,
    ManifestConsumer,
    ManifestKey,
    SecretLocation,
)
from keyplan.routes import KEYLESS, FederationRoute


@dataclass(frozen=True)
class AwsReader:
    """What a consumer reads with on AWS."""

    role_arn: str | None
    policy_arns: tuple[str, ...]


@dataclass(frozen=True)
class AwsPart:
    """An environment's part on AWS."""

    location: AwsLocation
    secrets: Mapping[str, SecretLocation]  # by key
    readers: Mapping[str, AwsReader]  # by consumer


@dataclass(frozen=True)
class GcpReaderIdentity:
    """As whom a consumer reads on Google Cloud."""

    member: str | None
    workload_identity_provider: str | None


@dataclass(frozen=True)
class GcpPart:
    """An environment's part on Google Cloud."""

    location: GcpLocation
    secrets: Mapping[str, GcpSecretLocation]  # by key
    readers: Mapping[str, GcpReaderIdentity]  # by consumer


def compose(catalogue: Catalogue, aws: AwsPart | None, gcp: GcpPart | None) -> Manifest:
    """The manifest of an environment; every consumer is a reader in one of the parts."""
    return Manifest(
        environment=catalogue.environment,
        owner=catalogue.owner,
        escalate_after=str(catalogue.escalate_after),
        aws=None if aws is None else aws.location,
        gcp=None if gcp is None else gcp.location,
        keys={key.name: _key(key, aws, gcp) for key in catalogue.keys.values()},
        consumers={
            consumer.name: _consumer(catalogue, consumer, aws, gcp)
            for consumer in catalogue.consumers.values()
        },
        vendor_endpoints=dict(catalogue.vendor_endpoints),
        claude_code_key=_claude_code_key(catalogue),
        first_cloud=_first_cloud(catalogue),
    )


def _first_cloud(catalogue: Catalogue) -> str | None:
    """The first cloud where there is another one before it in the alphabet; else it need not be said."""
    first = catalogue.clouds[0].value
    return None if first == min(catalogue.clouds) else first


def _claude_code_key(catalogue: Catalogue) -> str | None:
    """Claude Code's key where it could use others, too; else it need not be said."""
    if catalogue.claude_code is None:
        return None
    name = catalogue.claude_code.key
    return None if usable([key.held for key in catalogue.keys.values()]) == [name] else name


def _key(key: Key, aws: AwsPart | None, gcp: GcpPart | None) -> ManifestKey:
    return ManifestKey(
        name=key.name,
        vendor=key.vendor,
        owner=key.owner,
        env_var=key.env_var,
        value_format=key.value_format,
        rotate_every=str(key.rotate_every),
        remind_before=str(key.remind_before),
        grace=str(key.grace),
        organization=key.organization,
        workspace=key.workspace,
        base_url=key.base_url,
        check_url=key.check_url,
        check_header=key.check_header,
        lockdown=key.lockdown,
        aws=None if aws is None else aws.secrets[key.name],
        gcp=None if gcp is None else gcp.secrets[key.name],
    )


def _consumer(
    catalogue: Catalogue, consumer: Consumer, aws: AwsPart | None, gcp: GcpPart | None
) -> ManifestConsumer:
    on_aws = None if aws is None else aws.readers.get(consumer.name)
    on_gcp = None if gcp is None else gcp.readers.get(consumer.name)
    if on_aws is None and on_gcp is None and consumer.needs_principal:
        raise ValueError(f"consumer {consumer.name} reads in {consumer.cloud}, which has no part here")
    federation = consumer.route_settings
    return ManifestConsumer(
        name=consumer.name,
        runtime=consumer.runtime.value,
        keys=consumer.keys,
        env=catalogue.plain_variables_of(consumer),
        role_arn=None if on_aws is None else on_aws.role_arn,
        policy_arns=() if on_aws is None else on_aws.policy_arns,
        settings=consumer_settings(consumer.settings),
        cloud=consumer.cloud.value,
        member=None if on_gcp is None else on_gcp.member,
        workload_identity_provider=None if on_gcp is None else on_gcp.workload_identity_provider,
        route=str(consumer.route) if consumer.route in KEYLESS else None,
        identity_audience=federation.audience if isinstance(federation, FederationRoute) else None,
    )
