"""The configuration that the program gets: Pulumi.sandbox.yaml, with the clouds' providers pointed here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.isolation import CREDENTIALS, REGION_DEFAULT
from sandbox.project import STACK, Project

# As pulumi-aws names them. Source: pulumi_aws/_inputs.py, ProviderEndpointArgs (7.51.1, checked 2026-11-21).
SERVICES = (
    "cloudtrail",
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


VENDOR_ENDPOINTS = "keyplan:vendorEndpoints"
ROUTES = "keyplan:routes"
VENDOR = "anthropic"


@dataclass(frozen=True)
class Configuration:
    """The stack's configuration as Pulumi hands it to the program: full name -> text."""

    values: Mapping[str, str]

    @property
    def region(self) -> str:
        """The region that the program builds in."""
        return self.values.get("aws:region", REGION_DEFAULT)

    def with_endpoints(self, url: str, google_url: str = "", vendor_url: str = "") -> dict[str, str]:
        """The configuration with every AWS service at `url`, Google Cloud's, if any, at `google_url`, and
        the vendor of the keys at `vendor_url`.
        """
        return {
            **self.values,
            "aws:region": self.region,
            **{
                name: value if isinstance(value, str) else json.dumps(value)
                for name, value in emulator_settings(url).items()
            },
            **google_settings(self.values, google_url),
            **{name: json.dumps(value) for name, value in vendor_settings(self.values, vendor_url).items()},
        }


def emulator_settings(url: str) -> dict[str, Any]:
    """The AWS provider's configuration for an emulator at `url`, as a stack's file has it."""
    return {
        "aws:endpoints": [dict.fromkeys(SERVICES, url)],
        "aws:accessKey": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "aws:secretKey": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        **{f"aws:{check}": "true" for check in SKIPPED_CHECKS},
    }


def google_settings(config: Mapping[str, Any], url: str) -> dict[str, str]:
    """The Google provider's configuration for an emulator at `url`; nothing for a stack without a project."""
    if not url or "gcp:project" not in config:
        return {}
    return {f"gcp:{name}": value for name, value in _google_emulator(url).items()}


def vendor_settings(config: Mapping[str, Any], url: str) -> dict[str, dict[str, str]]:
    """The program's configuration for a vendor at `url`; other vendors stay where the stack has them."""
    if not url:
        return {}
    return {VENDOR_ENDPOINTS: {**_mapping(config.get(VENDOR_ENDPOINTS)), VENDOR: url}}


def _google_emulator(url: str) -> dict[str, str]:
    from sandbox.provider.gcp.cloud import TOKEN, endpoint_settings

    return {"accessToken": TOKEN, **endpoint_settings(url)}


def google_projects(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The projects of Google Cloud that a configuration names: its own, and where models are called.

    None for one without a project of its own. What the catalogue says wrongly is left to the program.
    """
    vertex = _mapping(_mapping(config.get(ROUTES)).get("vertex"))
    named = [config.get("gcp:project"), vertex.get("project")]
    found = [project for project in named if isinstance(project, str)]
    return tuple(dict.fromkeys(found)) if named[0] else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    """A setting that is a mapping, as a file has it or as Pulumi hands it over; else an empty one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def cloud_settings(config: Mapping[str, str], google_url: str = "") -> dict[str, dict[str, str]]:
    """What a configuration says to each cloud's provider, by the provider's own names.

    AWS's is always there; Google Cloud's where the stack has a project of it, or, at `google_url`, may have
    left something behind when it stopped having one: that is known by its whole name.
    """
    google = {name.removeprefix("gcp:"): value for name, value in config.items() if name.startswith("gcp:")}
    if "project" not in google:
        google = {"project": "-", **_google_emulator(google_url)} if google_url else {}
    return {"aws": aws_settings(config), **({"gcp": google} if google else {})}


def aws_settings(config: Mapping[str, str]) -> dict[str, str]:
    """What a configuration says to the AWS provider, by the provider's own names."""
    return {name.removeprefix("aws:"): value for name, value in config.items() if name.startswith("aws:")}


def read_configuration(project: Project) -> Configuration:
    """Read and check the sandbox's configuration. Raises CatalogueError with every mistake and its line."""
    from keyplan.checks.files import load_catalogue, raw_config

    load_catalogue(project.root, STACK)
    return Configuration(raw_config(project.root, STACK))
