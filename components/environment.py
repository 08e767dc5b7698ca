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
from components.gcp.surroundings import GcpSurroundings, read_gcp_surroundings
from components.manifest_parts import AwsPart, GcpPart, compose
from keyplan.catalogue import Catalogue, Cloud
from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire_all


@dataclass(frozen=True)
class EnvironmentArgs:
    catalogue: Catalogue
    """The environment's configuration, checked."""
    aws: AwsSurroundings | None = None
    """What the AWS account has already; None where the environment is not on AWS."""
    gcp: GcpSurroundings | None = None
    """What the Google Cloud project has already; None where the environment is not on Google Cloud."""

    @classmethod
    def read(cls, catalogue: Catalogue) -> EnvironmentArgs:
        """Look around in the clouds that the catalogue names; call it before the component is built."""
        return cls(
            catalogue,
            read_surroundings(catalogue) if Cloud.AWS in catalogue.clouds else None,
            read_gcp_surroundings(catalogue) if Cloud.GCP in catalogue.clouds else None,
        )


class Environment(pulumi.ComponentResource):
    """Everything that one environment has."""

    manifest: pulumi.Output[dict[str, Any]]
    """The environment's description for every command, as docs/manifest.schema.json has it. No values."""
    wiring: pulumi.Output[dict[str, dict[str, str]]]
    """Consumer -> target -> text: the same that `keyplan wire TARGET CONSUMER` prints."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:index:Environment", name, None, opts)
        catalogue, child = args.catalogue, pulumi.ResourceOptions(parent=self)
        aws_part: pulumi.Output[AwsPart] | None = None
        gcp_part: pulumi.Output[GcpPart] | None = None
        expected_aws: AwsPart | None = None
        expected_gcp: GcpPart | None = None
        if args.aws is not None:
            aws = AwsEnvironment(f"{name}-aws", AwsEnvironmentArgs(catalogue, args.aws), child)
            aws_part, expected_aws = aws.part, aws.expected_part
        if args.gcp is not None:
            # Here, because the package of a cloud that no environment uses takes seconds to import.
            from components.gcp.environment import GcpEnvironment, GcpEnvironmentArgs

            gcp = GcpEnvironment(f"{name}-gcp", GcpEnvironmentArgs(catalogue, args.gcp), child)
            gcp_part, expected_gcp = gcp.part, gcp.expected_part
        manifest = pulumi.Output.all(aws=aws_part, gcp=gcp_part).apply(
            lambda parts: compose(catalogue, parts["aws"], parts["gcp"])
        )
        self.manifest = manifest.apply(Manifest.to_json)
        self.wiring = manifest.apply(lambda known: wire_all(known)[0])
        expected = compose(catalogue, expected_aws, expected_gcp)
        _require_one_world(expected)
        for failure in wire_all(expected)[1]:
            pulumi.log.warn(f"left out of the stack's output `wiring`: {failure.message}", self)
        self.register_outputs({"manifest": self.manifest, "wiring": self.wiring})


def _require_one_world(manifest: Manifest) -> None:
    """Raise UsageError for what every command would refuse: real clouds, and a sandbox's vendor."""
    clouds = [cloud for cloud in (manifest.aws, manifest.gcp) if cloud is not None]
    if all(any(url.startswith("http:") for url in cloud.endpoints.values()) for cloud in clouds):
        return
    for vendor, url in manifest.vendor_endpoints.items():
        if url.startswith("http:"):
            raise UsageError(
                f"vendorEndpoints.{vendor}: it is a sandbox's (http), and the environment's clouds are not",
                "give an address that begins with https, or leave it out",
            )
