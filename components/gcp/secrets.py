"""The container of one key's value: a secret in Secret Manager, its replication and what is written on it.

Leaves out the value, on purpose and for ever: no version resource is declared here or anywhere, because a
value that is an input of Pulumi lands in its state. `keyplan put` stores values, moves the aliases that
readers follow and adds annotations of its own; none of that is touched from here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.gcp.labels import labels, secret_annotations
from components.gcp.project import Project
from keyplan.catalogue import GcpSettings, Key

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class GcpKeySecretArgs:
    key: Key
    """The key whose value the secret will hold."""
    environment: str
    """The environment's name, for the labels."""
    project: Project
    """Where the secret is made."""
    settings: GcpSettings
    """Where its values are kept, and under which keys."""
    recovery_window_days: int
    """How long a destroyed version can be brought back, 7 to 30 days."""
    protect: bool
    """Whether Pulumi refuses to delete the secret."""


class GcpKeySecret(pulumi.ComponentResource):
    """A secret without a value."""

    secret_id: pulumi.Output[str]
    """The secret's id in its project, known once it exists: what refers to it waits for it."""
    resource: pulumi.Output[str]
    """`projects/example-prod/secrets/prod-anthropic-api-key`."""

    def __init__(self, name: str, args: GcpKeySecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:gcp:KeySecret", name, None, opts)
        secret = gcp.secretmanager.Secret(
            f"{name}-secret",
            project=args.project.project_id,
            secret_id=args.key.gcp_secret_id,
            replication=replication(args.settings),
            labels=labels(args.environment, args.key.vendor),
            annotations=secret_annotations(args.key),
            # Destroying a version disables it first: for this long it can be enabled again.
            version_destroy_ttl=f"{args.recovery_window_days * DAY_SECONDS}s",
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # `keyplan put` moves them; the provider would take them away again, and every reader's value.
                ignore_changes=["versionAliases"],
            ),
        )
        self.secret_id = secret.secret_id
        self.resource = secret.secret_id.apply(args.project.secret)
        self.register_outputs({"secret_id": self.secret_id})


def replication(settings: GcpSettings) -> gcp.secretmanager.SecretReplicationArgs:
    """Where the values are kept: where Google chooses, or in the catalogue's locations.

    Sorted by location, so that another order in the catalogue is no change: a change replaces the secret.
    """
    if not settings.replication:
        encryption = None
        if settings.kms_keys:
            encryption = gcp.secretmanager.SecretReplicationAutoCustomerManagedEncryptionArgs(
                kms_key_name=settings.kms_keys[0]
            )
        return gcp.secretmanager.SecretReplicationArgs(
            auto=gcp.secretmanager.SecretReplicationAutoArgs(customer_managed_encryption=encryption)
        )
    keys: tuple[str | None, ...] = settings.kms_keys or (None,) * len(settings.replication)
    return gcp.secretmanager.SecretReplicationArgs(
        user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
            replicas=[
                _replica(location, kms_key)
                for location, kms_key in sorted(zip(settings.replication, keys, strict=True))
            ]
        )
    )


def _replica(location: str, kms_key: str | None) -> gcp.secretmanager.SecretReplicationUserManagedReplicaArgs:
    if kms_key is None:
        return gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(location=location)
    encryption = gcp.secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(
        kms_key_name=kms_key
    )
    return gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(
        location=location, customer_managed_encryption=encryption
    )
