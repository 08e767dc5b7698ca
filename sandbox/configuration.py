"""The configuration that the program gets: Pulumi.sandbox.yaml, with the AWS provider pointed here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.isolation import CREDENTIALS, REGION_DEFAULT
from sandbox.project import STACK, Project

# As pulumi-aws names them. Source: pulumi_aws/_inputs.py, ProviderEndpointArgs (7.51.1, checked 2026-11-21).
SERVICES = (
    "cloudwatch",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "sts",
)
# What the real provider would otherwise ask AWS before its first call.
SKIPPED_CHECKS = (
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
)


@dataclass(frozen=True)
class Configuration:
    """The stack's configuration as Pulumi hands it to the program: full name -> text."""

    values: Mapping[str, str]

    @property
    def region(self) -> str:
        """The region that the program builds in."""
        return self.values.get("aws:region", REGION_DEFAULT)

    def with_endpoints(self, url: str) -> dict[str, str]:
        """The configuration with every AWS service at `url`."""
        return {
            **self.values,
            "aws:region": self.region,
            **{
                name: value if isinstance(value, str) else json.dumps(value)
                for name, value in emulator_settings(url).items()
            },
        }


def emulator_settings(url: str) -> dict[str, Any]:
    """The AWS provider's configuration for an emulator at `url`, as a stack's file has it."""
    return {
        "aws:endpoints": [dict.fromkeys(SERVICES, url)],
        "aws:accessKey": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "aws:secretKey": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        **{f"aws:{check}": "true" for check in SKIPPED_CHECKS},
    }


def aws_settings(config: Mapping[str, str]) -> dict[str, str]:
    """What a configuration says to the AWS provider, by the provider's own names."""
    return {name.removeprefix("aws:"): value for name, value in config.items() if name.startswith("aws:")}


def read_configuration(project: Project) -> Configuration:
    """Read and check the sandbox's configuration. Raises CatalogueError with every mistake and its line."""
    from keyplan.checks.files import load_catalogue, raw_config

    load_catalogue(project.root, STACK)
    return Configuration(raw_config(project.root, STACK))
