"""What every target on Google Cloud asks of a manifest: which versions a consumer reads, and as whom.

Readers name the alias `current`, which keyplan moves to a new version once that is verified; `latest` would
give them a version that is not verified yet. A number in its place (`--pin`) stays until somebody changes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from keyplan.endpoints import endpoint_for
from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.stores.gcp_annotations import CURRENT
from keyplan.wiring.consumers import MOUNT_FOLDER as MOUNT_FOLDER
from keyplan.wiring.consumers import file_paths, keys_of
from keyplan.wiring.consumers import plain_of as plain_of
from keyplan.wiring.kubernetes import label as label

SERVICE = "secretmanager"
WRITE_AGAIN = "run `pulumi up` or `make sandbox` again: they write a manifest that is right"
_ACCOUNT = re.compile(r"serviceAccount:([A-Za-z0-9._-]+@[A-Za-z0-9.-]+)")
_PROVIDER = re.compile(
    r"projects/([0-9]+)/locations/global/workloadIdentityPools/([a-z0-9-]+)/providers/([a-z0-9-]+)"
)


@dataclass(frozen=True)
class KeyVersion:
    """One key as a consumer reads it."""

    key: str  # its name in the catalogue
    env_var: str
    secret: str  # its id: `prod-anthropic-api-key`
    resource: str  # `projects/example-prod/secrets/prod-anthropic-api-key`
    version: str  # `current`, or the number that it is pinned to

    @property
    def name(self) -> str:
        """The version's full name."""
        return f"{self.resource}/versions/{self.version}"

    @property
    def is_pinned(self) -> bool:
        """Whether a rotation reaches the consumer only when somebody changes the number."""
        return self.version != CURRENT


def versions_of(
    manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]
) -> tuple[KeyVersion, ...]:
    """What the consumer reads, in its own order.

    Args:
        pins: key name to the number of its version, for those that shall not follow the alias.

    Raises:
        ManifestError: a key that the manifest does not have, or two variables of one name.
        UsageError: the environment is not on Google Cloud.
    """
    return tuple(
        KeyVersion(
            key.name,
            key.env_var,
            key.on_gcp().name,
            key.on_gcp().resource,
            str(pins[key.name]) if key.name in pins else CURRENT,
        )
        for key in keys_of(manifest, consumer)
    )


def file_variables(
    consumer: ManifestConsumer, versions: tuple[KeyVersion, ...], paths: Mapping[str, str]
) -> dict[str, str]:
    """For a program that reads files: `ANTHROPIC_API_KEY_FILE` -> the path; `paths` is by key name.

    Raises:
        ManifestError: a plain variable in such a place.
    """
    return file_paths(consumer, {version.env_var: paths[version.key] for version in versions})


def account_of(consumer: ManifestConsumer) -> str:
    """The address of the service account that reads.

    Raises:
        ManifestError: the manifest names none.
    """
    match = _ACCOUNT.fullmatch(consumer.member or "")
    if match is None:
        raise ManifestError(
            f"the consumer {consumer.name} has no service account in the manifest, "
            f"and {consumer.runtime} needs one",
            WRITE_AGAIN,
        )
    return match[1]


def project_of_account(account: str) -> str | None:
    """The id of the project that a service account belongs to; None where its address does not say it."""
    _, _, domain = account.partition("@")
    project = domain.removesuffix(".iam.gserviceaccount.com")
    return project if project != domain and re.fullmatch(r"[a-z0-9-]+", project) else None


@dataclass(frozen=True)
class Provider:
    """The workload identity provider that accepts a CI consumer's jobs."""

    name: str  # projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
    project_number: str
    pool: str
    provider: str

    @property
    def audience(self) -> str:
        """What a job's token has to be for. Source: IAM API, Oidc.allowedAudiences, the default."""
        return f"https://iam.googleapis.com/{self.name}"


def provider_of(consumer: ManifestConsumer) -> Provider:
    """The provider.

    Raises:
        ManifestError: the manifest names none.
    """
    match = _PROVIDER.fullmatch(consumer.workload_identity_provider or "")
    if match is None:
        raise ManifestError(
            f"the consumer {consumer.name} has no workload identity provider in the manifest, "
            f"and {consumer.runtime} needs one",
            WRITE_AGAIN,
        )
    return Provider(match[0], match[1], match[2], match[3])


def store_url(manifest: Manifest) -> str:
    """The address of Secret Manager, without a slash at its end.

    Raises:
        UsageError: the manifest names a host that is not Google's own: a job would send its token there.
    """
    endpoint = endpoint_for(SERVICE, manifest.on_gcp().endpoints, "gcp")
    if endpoint is None:
        return f"https://{SERVICE}.googleapis.com"
    if not (endpoint.is_google or endpoint.is_sandbox):
        raise UsageError(
            f"the manifest names {endpoint.host} for {SERVICE}, which is not Google's own host: "
            "no wiring sends an access token there",
            WRITE_AGAIN,
        )
    return endpoint.url
