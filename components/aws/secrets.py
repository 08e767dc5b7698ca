"""The container of one key's value: a secret in Secrets Manager, its copies and its resource policy.

Leaves out the value, on purpose and for ever: no version resource is declared here or anywhere, because a
value that is an input of Pulumi lands in its state. `keyplan put` stores values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from keyplan.catalogue import Key

# A secret that existed before is first taken over exactly as it is: older engines refuse an import whose
# inputs differ, and what changes is then shown by the preview of the run after it. Only its name has to fit.
_AS_FOUND = [
    "description",
    "kms_key_id",
    "recovery_window_in_days",
    "force_overwrite_replica_secret",
    "replicas",
    "tags",
    "tagsAll",  # an output in the SDK, so it is not translated: the provider compares it too
]


@dataclass(frozen=True)
class KeySecretArgs:
    key: Key
    """The key whose value the secret will hold."""
    environment: str
    """The environment's name, for the description."""
    encryption_key_arn: pulumi.Input[str]
    """The environment's encryption key."""
    policy: str
    """The secret's resource policy, rendered."""
    recovery_window_days: int
    """How long the secret can be restored after it was deleted, 7 to 30 days."""
    protect: bool
    """Whether Pulumi refuses to delete the secret and its policy."""
    tags: Mapping[str, str]
    """The tags of this key's resources."""


class KeySecret(pulumi.ComponentResource):
    """A secret without a value, and the policy that says who can never read it."""

    arn: pulumi.Output[str]
    """The secret's ARN, with the six characters that AWS appends to the name."""

    def __init__(self, name: str, args: KeySecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:aws:KeySecret", name, None, opts)
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            name=args.key.secret_name,
            description=describe(args.key, args.environment),
            kms_key_id=args.encryption_key_arn,
            recovery_window_in_days=args.recovery_window_days,
            # A copy is encrypted with its region's AWS managed key: the environment's key is of one region.
            replicas=[aws.secretsmanager.SecretReplicaArgs(region=region) for region in args.key.replicas],
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                import_=args.key.adopt,
                ignore_changes=_AS_FOUND if args.key.adopt else None,
            ),
        )
        aws.secretsmanager.SecretPolicy(
            f"{name}-policy",
            secret_arn=secret.arn,
            policy=args.policy,
            # AWS then refuses this policy if it ever lets everybody in; off by default there.
            block_public_policy=True,
            # It is deleted before the secret: without this an update whose preview was skipped would open a
            # secret that it then refuses to delete.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.arn = secret.arn
        self.register_outputs({"arn": self.arn})


_KINDS = {"anthropic-admin": "anthropic Admin API key", "gateway": "gateway token"}


def describe(key: Key, environment: str) -> str:
    """The secret's description: what it is for, whose it is, and when its value has to change."""
    kind = _KINDS.get(key.vendor, f"{key.vendor} API key")
    return (
        f"keyplan: {kind} `{key.name}` of {environment}, as {key.env_var}; "
        f"owner {key.owner}; rotate every {key.rotate_every}"
    )
