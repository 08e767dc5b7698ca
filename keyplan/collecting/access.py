"""The accounts that can be asked: the caller's own, and those in which it assumes a role.

Clients are made once for each account, service and region, and threads share them. Their retries are
botocore's `adaptive` ones: Secrets Manager takes 50 calls of GetResourcePolicy a second, and 8 threads are
faster. `standard` would repeat each refused call a few times and then give up; `adaptive` slows all threads
of a client down to what AWS takes, once it has refused something, and is as `standard` before that.
Source: Secrets Manager User Guide, "Quotas"; botocore's guide to retries (checked 2026-11-22).
"""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keyplan.collecting.refusals import Refusal, of_error
from keyplan.endpoints import endpoint_for, require_trusted
from keyplan.errors import StoreError, UsageError
from keyplan.parallel import THREADS_MAX
from keyplan.stores.aws_clients import ATTEMPTS, SANDBOX_ATTEMPTS, configuration, session
from keyplan.stores.aws_sdk_errors import WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from keyplan.collecting.calls import Call
    from keyplan.collecting.roles import Role
    from keyplan.endpoints import Endpoint

SERVICES = ("ec2", "iam", "kms", "organizations", "secretsmanager", "sts")
_REGION_FORM = r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}"
_LOG_IN = WORDS["NoCredentialsError"][1]
# AWS's other SDKs read the first one, botocore only the second; whoever sets one means it.
_REGION_VARIABLE = "AWS_REGION"


@dataclass(frozen=True)
class Identity:
    """Who calls, as AWS's Security Token Service sees it."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]


class Access:
    """Clients of every account that can be asked.

    Args:
        region: where the services are asked that are in no region of their own; None: the AWS settings'.
        endpoints: as a manifest has them; none: AWS's own hosts.
        trusted_hosts: hosts outside AWS that the user confirmed.
        timeout_seconds: how long one call may take.

    Raises:
        UsageError: an endpoint is a foreign host that nobody confirmed, or there is no region.
        StoreError: there are no credentials, or AWS does not take them.
    """

    def __init__(
        self,
        region: str | None,
        endpoints: Mapping[str, str],
        trusted_hosts: Collection[str],
        timeout_seconds: float,
    ) -> None:
        self._endpoints = {service: endpoint_for(service, endpoints) for service in SERVICES}
        for endpoint in filter(None, self._endpoints.values()):
            require_trusted(endpoint, trusted_hosts)
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._sessions: dict[str, Any] = {}
        own, self.region = self._own_session(region)
        self._sessions[""] = own
        self.identity = self._identify()
        self._sessions[self.identity.account] = own

    @property
    def place(self) -> str:
        """AWS, or the host that stands for it."""
        endpoint = self._endpoints["iam"]
        return endpoint.authority if endpoint else "AWS"

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that can be asked, the caller's own first."""
        return tuple(account for account in self._sessions if account)

    def knows(self, region: str) -> bool:
        """Whether the SDK has heard of a region; of a newer one than itself it has not."""
        own = self._sessions[""]
        return any(
            region in own.get_available_regions("secretsmanager", partition, allow_non_regional=True)
            for partition in own.get_available_partitions()
        )

    def client(self, account: str, service: str, region: str) -> Any:
        """A client of a service; an empty region stands for a service that has none."""
        place = (account, service, region or self.region)
        with self._lock:  # boto3's sessions are not for several threads, its clients are
            if place not in self._clients:
                self._clients[place] = self._new_client(self._sessions[account], service, place[2])
            return self._clients[place]

    def send(self, call: Call) -> Any:
        """The answer to a call, as the SDK has it. Raises what the SDK raises."""
        from botocore import xform_name

        client = self.client(call.account, call.service, call.region)
        return getattr(client, xform_name(call.operation))(**call.parameters)

    def assume(self, role: Role) -> None:
        """Ask in a role's account with this role from now on.

        Raises:
            Refusal: AWS does not let the caller assume it.
        """
        from botocore.credentials import DeferredRefreshableCredentials

        own = self.client(self.identity.account, "sts", "")

        def fetch() -> dict[str, str]:
            given = own.assume_role(**role.request())["Credentials"]
            return {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }

        # Refreshed by itself: a role's session ends after an hour, and a large collection may not.
        credentials = DeferredRefreshableCredentials(fetch, "assume-role")
        try:
            credentials.get_frozen_credentials()
        except Exception as error:  # botocore's and boto3's have no common class; of_error tells them apart
            raise of_error(error) from None
        assumed: Any = session(self._endpoints["sts"])
        assumed._credentials = credentials
        with self._lock:
            self._sessions[role.account] = assumed
            self._clients = {place: each for place, each in self._clients.items() if place[0] != role.account}

    def _own_session(self, region: str | None) -> tuple[Any, str]:
        try:
            own = session(self._endpoints["sts"])
            region = region or os.environ.get(_REGION_VARIABLE) or own.get_config_variable("region")
            credentials = own.get_credentials()
        except Exception as error:
            raise self._fatal(of_error(error)) from None
        if credentials is None:
            raise StoreError(*WORDS["NoCredentialsError"])
        if not region:
            raise UsageError(
                "there is no region: no option, manifest, variable or profile names one",
                "add --region REGION, as often as you have regions with secrets",
            )
        return own, require_region(region)

    def _identify(self) -> Identity:
        try:
            answer = self.client("", "sts", "").get_caller_identity()
        except Exception as error:
            raise self._fatal(of_error(error)) from None
        return Identity(str(answer["Account"]), str(answer["Arn"]))

    def _fatal(self, refusal: Refusal) -> StoreError:
        """The error when nobody can be asked at all."""
        endpoint = self._endpoints["sts"]
        asked = endpoint.authority if endpoint else "AWS"
        hint = refusal.hint or _LOG_IN
        if endpoint is not None and endpoint.is_sandbox:
            hint = "is the sandbox running? `make sandbox` starts it"
        elif refusal.transient and not self.knows(self.region):
            hint = f"is the region {self.region} spelled right? the AWS SDK here does not know it"
        elif refusal.transient:
            hint = "check the network, the VPN and the proxy"
        return StoreError(f"{asked} cannot be asked who you are: {refusal.reason}", hint)

    def _new_client(self, from_session: Any, service: str, region: str) -> Any:
        import boto3
        from botocore.config import Config

        endpoint: Endpoint | None = self._endpoints[service]
        is_sandbox = endpoint is not None and endpoint.is_sandbox
        retries: Any = {
            "total_max_attempts": SANDBOX_ATTEMPTS if is_sandbox else ATTEMPTS,
            "mode": "adaptive",
        }
        settings = configuration(endpoint, self._timeout_seconds).merge(
            Config(retries=retries, max_pool_connections=THREADS_MAX)
        )
        make: Any = boto3.Session(botocore_session=from_session, region_name=region).client
        return make(service, endpoint_url=endpoint.url if endpoint else None, config=settings)


def require_region(region: str) -> str:
    """The region, if it has the form of one.

    Raises:
        UsageError: it has not.
    """
    if re.fullmatch(_REGION_FORM, region) is None:
        raise UsageError("a region is written as in eu-west-1")
    return region
