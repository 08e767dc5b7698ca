"""Which Google Cloud project and region an environment is built in, as plain values. Pure.

Project id and region are the provider's own settings; the number, of which principals are made, is looked up
once (`surroundings`), so that every member and condition is known while the program runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keyplan.endpoints import endpoint_mistake
from keyplan.errors import UsageError
from keyplan.names import gcp_secret_resource

# What keyplan's commands call -> the provider's setting that moves it elsewhere. The Security Token Service
# has no such setting. Source: pulumi-gcp 10.2.0, provider configuration (checked 2026-11-21).
ENDPOINT_SETTINGS = {
    "cloudresourcemanager": "resourceManagerCustomEndpoint",
    "iam": "iamCustomEndpoint",
    "iamcredentials": "iamCredentialsCustomEndpoint",
    "logging": "loggingCustomEndpoint",  # who read a key is asked there
    "secretmanager": "secretManagerCustomEndpoint",
}
IAM_HOST = "iam.googleapis.com"


@dataclass(frozen=True)
class Project:
    """The place that an environment's Google Cloud resources are in."""

    project_id: str
    number: str  # decimal; what principals of workload identity are made of
    region: str  # where the reminder runs; secrets are where their replication says
    endpoints: Mapping[str, str] = field(default_factory=dict)  # service -> URL, where not the public one
    other_numbers: Mapping[str, str] = field(default_factory=dict)  # id -> number of clusters' projects

    def secret(self, secret_id: str) -> str:
        """`projects/example-prod/secrets/prod-anthropic-api-key`."""
        return gcp_secret_resource(self.project_id, secret_id)

    def role(self, role_id: str) -> str:
        """`projects/example-prod/roles/keyplan_prod_operator`."""
        return f"projects/{self.project_id}/roles/{role_id}"

    def service_account(self, account_id: str) -> str:
        """The address of a service account of this project; it follows from the id."""
        return f"{account_id}@{self.project_id}.iam.gserviceaccount.com"

    def pool(self, pool_id: str) -> str:
        """The full name of one of this project's workload identity pools."""
        return pool_name(self.number, pool_id)

    def number_of(self, project_id: str) -> str:
        """The number of this project, or of another that was looked up."""
        return self.number if project_id == self.project_id else self.other_numbers[project_id]


def pool_name(project_number: str, pool_id: str) -> str:
    """`projects/123456789012/locations/global/workloadIdentityPools/keyplan-prod`."""
    return f"projects/{project_number}/locations/global/workloadIdentityPools/{pool_id}"


def endpoints_from(settings: Mapping[str, str]) -> dict[str, str]:
    """The endpoints that the manifest carries, from the provider's own settings.

    Args:
        settings: the stack's configuration, with namespaces: `gcp:secretManagerCustomEndpoint` …

    Returns:
        Service to URL, sorted; without the path, which is the API's version.

    Raises:
        UsageError: an address that the manifest could not carry.
    """
    found: dict[str, str] = {}
    for service, setting in sorted(ENDPOINT_SETTINGS.items()):
        url = settings.get(f"gcp:{setting}")
        if not url:
            continue
        scheme, mark, rest = url.partition("://")
        found[service] = f"{scheme}{mark}{rest.partition('/')[0]}"
        if mistake := endpoint_mistake(found[service]):
            raise UsageError(f"the endpoint `gcp:{setting}` is no use to commands: {mistake}")
    return found
