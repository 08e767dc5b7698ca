"""One notification channel for each owner of an environment: an e-mail address that policies write to.

Everything that is said goes through these channels. Nothing that is sent holds a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.gcp.labels import labels
from components.gcp.project import Project
from components.gcp.slugs import slug


@dataclass(frozen=True)
class OwnerChannelsArgs:
    """What the channels of one environment need."""

    environment: str
    project: Project
    addresses: Sequence[str]  # e-mail addresses; repeated ones share a channel


class OwnerChannels(pulumi.ComponentResource):
    """The channels of an environment's owners."""

    names: dict[str, pulumi.Output[str]]
    """Address to the channel's full name."""

    def __init__(
        self, name: str, args: OwnerChannelsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("keyplan:gcp:OwnerChannels", name, None, opts)
        self.names = {}
        for address in dict.fromkeys(args.addresses):
            channel = gcp.monitoring.NotificationChannel(
                f"{name}-{slug(address)}",
                project=args.project.project_id,
                type="email",
                display_name=f"keyplan {args.environment}: {address}",
                labels={"email_address": address},
                user_labels=labels(args.environment),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.names[address] = channel.name
        self.register_outputs({"names": self.names})
