"""The environment's encryption key: one KMS key, its alias and its policy.

Owns the key that every secret of the environment is encrypted with. Leaves out who may use it: that stands
in the readers' and operators' own policies, which the key's policy lets count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from keyplan.names import kms_alias


@dataclass(frozen=True)
class EncryptionKeyArgs:
    environment: str
    """The environment's name; it makes the alias."""
    policy: str
    """The key policy, rendered."""
    deletion_window_days: int
    """How long a deleted key can be restored, 7 to 30 days: as long as the secrets that need it."""
    protect: bool
    """Whether Pulumi refuses to delete the key; without it no secret can be read ever again."""
    tags: Mapping[str, str]
    """The tags of the environment's own resources."""


class EncryptionKey(pulumi.ComponentResource):
    """A KMS key with yearly rotation, and its alias."""

    arn: pulumi.Output[str]
    """The key's ARN."""
    alias: pulumi.Output[str]
    """The alias: `alias/keyplan-prod`."""

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("keyplan:aws:EncryptionKey", name, None, opts)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"keyplan: encrypts the LLM API keys of {args.environment}",
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_window_days,
            policy=args.policy,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        alias = aws.kms.Alias(
            f"{name}-alias",
            name=kms_alias(args.environment),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.alias = alias.name
        self.register_outputs({"arn": self.arn, "alias": self.alias})
