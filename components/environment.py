"""One environment in every cloud that its catalogue names, and what it exports: manifest and wiring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws.environment import (
    AwsEnvironment,
    AwsEnvironmentArgs,
    AwsSurroundings,
    read_surroundings,
)
from keyplan.catalogue import Catalogue
from keyplan.manifest import Manifest
from keyplan.wiring import wire_all


@dataclass(frozen=True)
class EnvironmentArgs:
    catalogue: Catalogue
    """The environment's configuration, checked."""
    aws: AwsSurroundings
    """What the AWS account has already."""

    @classmethod
    def read(cls, catalogue: Catalogue) -> EnvironmentArgs:
        """Look around in the clouds that the catalogue names; call it before the component is built."""
        return cls(catalogue, read_surroundings(catalogue))


class Environment(pulumi.ComponentResource):
    """Everything that one environment has."""

    manifest: pulumi.Output[dict[str, Any]]
    """The environment's description for every command, as docs/manifest.schema.json has it. No values."""
    wiring: pulumi.Output[dict[str, dict[str, str]]]
    """Consumer -> target -> text: the same that `keyplan wire TARGET CONSUMER` prints."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:index:Environment", name, None, opts)
        aws = AwsEnvironment(
            f"{name}-aws",
            AwsEnvironmentArgs(args.catalogue, args.aws),
            pulumi.ResourceOptions(parent=self),
        )
        self.manifest = aws.manifest.apply(Manifest.to_json)
        self.wiring = aws.manifest.apply(lambda manifest: wire_all(manifest)[0])
        for failure in wire_all(aws.expected_manifest)[1]:
            pulumi.log.warn(f"left out of the stack's output `wiring`: {failure.message}", self)
        self.register_outputs({"manifest": self.manifest, "wiring": self.wiring})
