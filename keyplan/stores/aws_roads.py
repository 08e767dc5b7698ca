"""Ways to Secrets Manager: the short road where it is safe, else botocore's.

Owns the choice and nothing else: who may sign is `aws_credentials`, the short road is `aws_request`, the
other one `aws_sdk_errors`.
"""

from __future__ import annotations

import os
import time

from keyplan.endpoints import Endpoint
from keyplan.stores.aws_credentials import (
    DNS_SUFFIX,
    SANDBOX_CREDENTIALS,
    from_environment,
    is_plain_transport,
)
from keyplan.stores.aws_errors import Place, Subject
from keyplan.stores.aws_request import CertificateRefused, Connection
from keyplan.stores.aws_signature import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol, TypeVar

    Result = TypeVar("Result")

    class Road(Protocol):
        """A way to Secrets Manager."""

        def call(self, operation: str, parameters: dict[str, Any], subject: Subject) -> dict[str, Any]:
            """Send one operation and return its answer; failures are KeyplanErrors."""


class Roads:
    """The ways from this process to one region's Secrets Manager.

    Args:
        place: where the secrets are.
        partition: the region's partition.
        endpoint: the address, or None for AWS's own host of the region.
        action: what will be done first, as in `secretsmanager:GetSecretValue`, for the words of an error.
        timeout_seconds: how long one errand may take.
        report: takes lines for --verbose.
        environ: the process's environment.
        profile: the profile to use whatever the environment says, or None.
    """

    def __init__(
        self,
        place: Place,
        partition: str,
        endpoint: Endpoint | None,
        action: str,
        timeout_seconds: float,
        report: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
        profile: str | None = None,
    ) -> None:
        self._place = place
        self._partition = partition
        self._endpoint = endpoint
        self._action = action
        self._timeout_seconds = timeout_seconds
        self._deadline = 0.0
        self._report = report
        self._environ = environ
        self._profile = profile
        self._connections: list[Connection] = []

    def travel(self, errand: Callable[[Callable[[], Road]], Result]) -> Result:
        """Do something by the best road, and where its certificate is refused, once more by botocore's.

        Args:
            errand: takes the function that gives each of its threads a road.

        Raises:
            KeyplanError: what fails for every call, for instance that there are no credentials.
        """
        self._deadline = (
            time.monotonic() + self._timeout_seconds
        )  # a person may have typed since the last one
        try:
            return errand(self._best())
        except CertificateRefused:
            self._report("the certificate is not among this Python's; botocore brings its own")
            return errand(self._sdk())
        finally:
            while self._connections:
                self._connections.pop().close()

    def _best(self) -> Callable[[], Road]:
        endpoint, credentials = self._endpoint, None
        if endpoint is not None and endpoint.is_sandbox:
            credentials = SANDBOX_CREDENTIALS
        elif is_plain_transport(self._environ, self._partition):
            from_variables = from_environment(self._environ) if self._profile is None else None
            credentials = from_variables or self._chain_credentials()
        if credentials is None:
            return self._sdk()
        region, signer = self._place.region, credentials
        if endpoint is None:
            endpoint = Endpoint(
                "secretsmanager", f"https://secretsmanager.{region}.{DNS_SUFFIX[self._partition]}"
            )
        to = endpoint
        self._report(f"reading from {to.url} with a signed request")

        def connection() -> Connection:
            opened = Connection(to, region, signer, self._deadline, self._report)
            self._connections.append(opened)  # atomic: threads do this at the same time
            return opened

        return connection

    def _chain_credentials(self) -> Credentials:
        from keyplan.stores.aws_clients import session
        from keyplan.stores.aws_sdk_errors import in_our_words, no_credentials

        subject = Subject(self._place, "sts:GetCallerIdentity")
        self._report("asking botocore's credential chain")
        with in_our_words(subject):
            found: Any = session(self._endpoint, self._profile).get_credentials()
            if found is None:
                raise no_credentials(subject)
            frozen = found.get_frozen_credentials()
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    def _sdk(self) -> Callable[[], Road]:
        from keyplan.stores.aws_clients import client, session
        from keyplan.stores.aws_sdk_errors import SdkRoad, in_our_words

        self._report("reading through the AWS SDK")
        with in_our_words(Subject(self._place, self._action)):
            road = SdkRoad(
                client(
                    "secretsmanager",
                    self._place.region,
                    self._endpoint,
                    self._timeout_seconds,
                    from_session=session(self._endpoint, self._profile),
                )
            )
        return lambda: road
