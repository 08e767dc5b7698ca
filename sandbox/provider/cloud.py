"""The door to the emulated cloud: configuration, and one shared boto3 client per service and region.

Leaves nothing to the machine's own AWS configuration: no profile, no credential file, no proxy, and no
service without an explicit endpoint, so that no request can reach a real account.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from sandbox.provider.errors import ProviderError

# pulumi-aws names its endpoints after the Terraform provider's services; some have a second name there.
# Source: pulumi_aws/_inputs.py, ProviderEndpointArgs (7.51.1, checked 2026-11-21).
ENDPOINT_NAMES: Mapping[str, tuple[str, ...]] = {
    "cloudwatch": ("cloudwatch",),
    "events": ("events", "eventbridge", "cloudwatchevents"),
    "iam": ("iam",),
    "kms": ("kms",),
    "lambda": ("lambda",),
    "logs": ("logs", "cloudwatchlogs", "cloudwatchlog"),
    "secretsmanager": ("secretsmanager",),
    "sns": ("sns",),
    "sts": ("sts",),
}
# A question for each service that costs nothing to answer.
WAKING_CALLS: Mapping[str, str] = {
    "cloudwatch": "describe_alarms",
    "events": "list_rules",
    "iam": "list_account_aliases",
    "kms": "list_aliases",
    "lambda": "list_functions",
    "logs": "describe_log_groups",
    "secretsmanager": "list_secrets",
    "sns": "list_topics",
    "sts": "get_caller_identity",
}
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
# Settings of the real provider that change nothing here: the credentials are always dummies and nothing
# is ever validated against AWS.
IGNORED_SETTINGS = frozenset(
    {
        "accessKey",
        "maxRetries",
        "profile",
        "s3UsePathStyle",
        "secretKey",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "token",
        "version",
    }
)
# Making clients is the one thing that boto3's sessions cannot do in several threads at once.
_SESSION_LOCK = threading.Lock()
TIMEOUT_SECONDS = 30
CONNECTIONS = 32


class Cloud:
    """One configured provider: region, endpoints, default tags, clients."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Take the provider's settings; what is not text may come as JSON text.

        Raises: ProviderError for a setting that the sandbox does not know, a missing region or an
        endpoint that is not on this machine.
        """
        known = IGNORED_SETTINGS | {"region", "endpoints", "defaultTags"}
        for name in sorted(settings):
            if name not in known:
                raise ProviderError(f"the sandbox does not know the provider setting `{name}`")
        self.region = str(settings.get("region") or "")
        if not self.region:
            raise ProviderError("the provider has no region", "set `aws:region` in the stack's configuration")
        self.endpoints = _endpoints(_decoded(settings, "endpoints") or [])
        tags = _decoded(settings, "defaultTags") or {}
        if not isinstance(tags, Mapping) or not isinstance(tags.get("tags") or {}, Mapping):
            raise ProviderError("the provider setting `defaultTags` is not a mapping with `tags`")
        self.default_tags: dict[str, str] = dict(tags.get("tags") or {})
        self._clients: dict[tuple[str, str], Any] = {}
        self._caller: dict[str, str] | None = None

    def client(self, service: str, region: str | None = None) -> Any:
        """The boto3 client of a service; made on first use, then shared by all threads."""
        wanted = (service, region or self.region)
        with _SESSION_LOCK:
            if wanted not in self._clients:
                self._clients[wanted] = self._new_client(*wanted)
            return self._clients[wanted]

    def wake(self) -> None:
        """Make every client and ask every service something, so that later calls are quick.

        A client takes tens of milliseconds, and the emulator imports a service when it is first asked for.
        What fails here is told when a resource needs it.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        for service, operation in WAKING_CALLS.items():
            with suppress(ProviderError, BotoCoreError, ClientError):
                getattr(self.client(service), operation)()

    def caller(self) -> dict[str, str]:
        """STS GetCallerIdentity, asked once."""
        if self._caller is None:
            answer = self.client("sts").get_caller_identity()
            self._caller = {key: answer[key] for key in ("Account", "Arn", "UserId")}
        return self._caller

    def endpoint(self, service: str) -> str:
        """The address of a service. Raises: ProviderError when the configuration has none."""
        for name in ENDPOINT_NAMES.get(service, (service,)):
            if name in self.endpoints:
                return self.endpoints[name]
        raise ProviderError(
            f"no endpoint is configured for `{service}`: the sandbox never calls the real AWS",
            f"add `{service}` to `aws:endpoints` in the stack's configuration",
        )

    def _new_client(self, service: str, region: str) -> Any:
        from botocore.config import Config

        endpoint = self.endpoint(service)
        return _session().client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",  # noqa: S106 - the emulator accepts any
            config=Config(
                retries={"total_max_attempts": 1},
                # An empty dictionary switches the proxy variables of the environment off.
                proxies={},
                connect_timeout=TIMEOUT_SECONDS,
                read_timeout=TIMEOUT_SECONDS,
                max_pool_connections=CONNECTIONS,
                use_fips_endpoint=False,
                use_dualstack_endpoint=False,
            ),
        )


@cache
def _session() -> Any:
    """A boto3 session that reads no file and no profile of the user's; it keeps the service models."""
    import boto3
    import botocore.session

    session = botocore.session.Session()
    settings = session.get_component("config_store")
    for variable, value in (("profile", None), ("config_file", os.devnull), ("credentials_file", os.devnull)):
        settings.set_config_variable(variable, value)
    return boto3.session.Session(botocore_session=session)


def _decoded(settings: Mapping[str, Any], name: str) -> Any:
    """A setting that may come as JSON text. Raises: ProviderError when it is neither."""
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ProviderError(f"the provider setting `{name}` is not JSON") from None


def _endpoints(entries: Any) -> dict[str, str]:
    endpoints: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, Mapping):
            raise ProviderError("the provider setting `endpoints` is not a list of mappings")
        endpoints.update({name: str(url) for name, url in entry.items() if url})
    for name, url in sorted(endpoints.items()):
        if urlsplit(url).hostname not in LOCAL_HOSTS:
            raise ProviderError(f"the endpoint of `{name}` is not on this machine")
    return endpoints
