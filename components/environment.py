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
from keyplan.errors import UsageError
from keyplan.manifest import Manifest
from keyplan.wiring import targets_for, wire


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
        self.wiring = aws.manifest.apply(lambda manifest: wire_what_fits(manifest)[0])
        for failure in wire_what_fits(aws.expected_manifest)[1]:
            pulumi.log.warn(f"left out of the stack's output `wiring`: {failure.message}", self)
        self.register_outputs({"manifest": self.manifest, "wiring": self.wiring})


def wire_what_fits(manifest: Manifest) -> tuple[dict[str, dict[str, str]], list[UsageError]]:
    """Every wiring of an environment that its target can hold, and why the others are missing.

    A target that is too small for a consumer's variables is no reason to refuse the consumer its keys: the
    role still reads, and `keyplan wire` says the same when somebody asks for that wiring.

    Returns:
        Consumer -> target -> text, and the failures in the consumers' order.
    """
    wiring: dict[str, dict[str, str]] = {}
    failures: list[UsageError] = []
    for consumer in sorted(manifest.consumers):
        wiring[consumer] = {}
        for target in targets_for(manifest, consumer):
            try:
                wiring[consumer][target] = wire(manifest, consumer, target)
            except UsageError as error:
                failures.append(error)
    return wiring, failures
