"""Which AWS account, partition and region an environment is built in, as plain values.

Owns the three lookups that every component needs the answer of. They are made once, before any component
is built, so that ARNs are known while the program runs: sizes and quotas are then checked at preview.
Leaves out everything that a component creates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from keyplan.endpoints import endpoint_mistake
from keyplan.errors import UsageError

# The services that keyplan's command calls; an endpoint of any other service is the provider's business.
ENDPOINT_SERVICES = frozenset(
    {"cloudtrail", "cloudwatch", "iam", "kms", "lambda", "secretsmanager", "sns", "sts"}
)
# Source: the `endpoints` of botocore's endpoints.json, dnsSuffix of each partition (checked 2026-11-21).
_DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}
_DNS_SUFFIX = "amazonaws.com"


@dataclass(frozen=True)
class Account:
    """The place that an environment's AWS resources are in."""

    account_id: str
    partition: str  # `aws`, `aws-cn`, `aws-us-gov`
    region: str
    endpoints: Mapping[str, str] = field(default_factory=dict)  # service -> URL, where not the public one

    @property
    def root_arn(self) -> str:
        """The account itself as a principal: whoever its own policies let."""
        return f"arn:{self.partition}:iam::{self.account_id}:root"

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """An ARN of this account; `region` defaults to the environment's, and is `""` for IAM."""
        where = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{where}:{self.account_id}:{resource}"

    def service_host(self, service: str, region: str | None = None) -> str:
        """The public host of a regional service: `secretsmanager.eu-west-1.amazonaws.com`.

        kms:ViaService compares with this name even where a private endpoint is used.
        """
        suffix = _DNS_SUFFIXES.get(self.partition, _DNS_SUFFIX)
        return f"{service}.{region or self.region}.{suffix}"


def read_account() -> Account:
    """Ask the provider where it is. Three read-only lookups; call it before the first component.

    Raises:
        UsageError: `aws:endpoints` of the stack's configuration is not a list with one object of URLs.
    """
    import pulumi  # here, because the pure modules need only the dataclass
    import pulumi_aws

    identity = pulumi_aws.get_caller_identity()
    region = pulumi_aws.get_region()
    partition = pulumi_aws.get_partition()
    return Account(
        account_id=identity.account_id,
        partition=partition.partition,
        region=region.region,
        endpoints=endpoints_from(pulumi.Config("aws").get("endpoints")),
    )


def endpoints_from(text: str | None) -> dict[str, str]:
    """The endpoints that the manifest carries, from the provider's own setting.

    Args:
        text: `aws:endpoints` as Pulumi keeps it: JSON, a list of objects from service to URL.

    Returns:
        Service to URL, sorted; only the services that keyplan's command calls, and no empty URL.

    Raises:
        UsageError: the text has another shape, or an address that the manifest could not carry.
    """
    if not text:
        return {}
    try:
        blocks = json.loads(text)
    except ValueError:
        raise _malformed_endpoints() from None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise _malformed_endpoints()
    found = {service: url for block in blocks for service, url in block.items()}
    if not all(isinstance(url, str) for url in found.values()):
        raise _malformed_endpoints()
    kept = {
        service: found[service]
        for service in sorted(found)
        if service in ENDPOINT_SERVICES and found[service]
    }
    for service, url in kept.items():
        if mistake := endpoint_mistake(url):
            raise UsageError(f"the endpoint of {service} in `aws:endpoints` is no use to commands: {mistake}")
    return kept


def _malformed_endpoints() -> UsageError:
    return UsageError(
        "the configuration `aws:endpoints` is not a list with one object from service to URL",
        "write it as `aws:endpoints: [{secretsmanager: https://…, sts: https://…}]`",
    )
