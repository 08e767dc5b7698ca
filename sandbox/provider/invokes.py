"""Functions that a program calls to read something: who, where, and which identity provider exists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.provider.aws.identity_providers import OpenIdConnectProvider, provider_arn, without_scheme
from sandbox.provider.cloud import Cloud
from sandbox.provider.errors import MissingError, ProviderError
from sandbox.provider.gcp import invokes as google
from sandbox.provider.handler import is_missing

Invoke = Callable[[Any, Mapping[str, Any]], dict[str, Any]]

# Source: botocore's endpoints.json, dnsSuffix of each partition (botocore 1.44.5, checked 2026-11-21).
DNS_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}


def caller_identity(cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """STS GetCallerIdentity."""
    caller = cloud.caller()
    account = caller["Account"]
    return {"accountId": account, "arn": caller["Arn"], "userId": caller["UserId"], "id": account}


def region(cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The configured region; its long name is not known here and is the code again."""
    name = arguments.get("region") or arguments.get("name") or cloud.region
    suffix = DNS_SUFFIXES[_partition_of(name)]
    endpoint = f"ec2.{name}.{suffix}"
    return {"region": name, "name": name, "description": name, "endpoint": endpoint, "id": name}


def partition(cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The partition that the configured region lies in."""
    name = _partition_of(cloud.region)
    suffix = DNS_SUFFIXES[name]
    reverse = ".".join(reversed(suffix.split(".")))
    return {"partition": name, "dnsSuffix": suffix, "reverseDnsPrefix": reverse, "id": name}


def open_id_connect_provider(cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A provider by `arn` or `url`. Raises: MissingError in the real provider's words."""
    url, arn = arguments.get("url"), arguments.get("arn")
    if not url and not arn:
        raise ProviderError("one of `arn` and `url` is needed")
    wanted = arn or provider_arn(cloud, str(url))
    missing = MissingError(f"reading IAM OIDC Provider ({url or arn}): couldn't find resource")
    try:
        found = OpenIdConnectProvider().read(cloud, wanted, {})
    except Exception as error:
        if is_missing(error):
            raise missing from None
        raise
    if found is None:
        raise missing
    return {
        "arn": wanted,
        "id": wanted,
        "url": without_scheme(found["url"]),
        "clientIdLists": found["clientIdLists"],
        "thumbprintLists": found["thumbprintLists"],
        "tags": found["tags"],
    }


INVOKES: dict[str, Invoke] = {
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getRegion:getRegion": region,
    "aws:index/getPartition:getPartition": partition,
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": open_id_connect_provider,
    **google.INVOKES,
}


def _partition_of(region_name: str) -> str:
    for prefix, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region_name.startswith(prefix):
            return name
    return "aws"
