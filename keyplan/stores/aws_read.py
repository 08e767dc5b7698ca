"""Reading values from AWS Secrets Manager for `keyplan exec`: the short road where it is safe, else
botocore's.

Several keys are read at once, each thread with a connection of its own. Every key that fails is reported, not
only the first.
"""

from __future__ import annotations

import os
import time

from keyplan.endpoints import Endpoint, endpoint_for, require_trusted
from keyplan.errors import KeyplanError, PendingDeletion
from keyplan.parallel import for_each
from keyplan.stores.aws_credentials import (
    DNS_SUFFIX,
    SANDBOX_CREDENTIALS,
    from_environment,
    is_plain_transport,
)
from keyplan.stores.aws_errors import Place, Subject, pending_deletion
from keyplan.stores.aws_request import CertificateRefused, Connection
from keyplan.stores.aws_signature import Credentials
from keyplan.stores.stored_value import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any, Protocol

    from keyplan.manifest_document import ManifestDocument
    from keyplan.secret_value import SecretValue

    class Road(Protocol):
        """A way to Secrets Manager."""

        def call(self, operation: str, parameters: dict[str, Any], subject: Subject) -> dict[str, Any]:
            """Send one operation and return its answer; failures are KeyplanErrors."""


class AwsReader:
    """Reads the values of one environment.

    Args:
        document: the manifest.
        trusted_hosts: hosts outside AWS that the user confirmed.
        timeout_seconds: how long all of it may take.
        report: takes lines for --verbose.
        environ: the process's environment.

    Raises:
        UsageError: the manifest's endpoint is a foreign host that nobody confirmed.
    """

    def __init__(
        self,
        document: ManifestDocument,
        trusted_hosts: Collection[str],
        timeout_seconds: float,
        report: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        aws = document["clouds"]["aws"]
        self._keys = document["keys"]
        self._aws = aws
        self._endpoint = endpoint_for("secretsmanager", aws["endpoints"])
        if self._endpoint is not None:
            require_trusted(self._endpoint, trusted_hosts)
        self._place = Place(
            document["environment"], aws["accountId"], aws["region"], aws["kmsKeyArn"], self._endpoint
        )
        self._timeout_seconds = timeout_seconds
        self._deadline = time.monotonic() + timeout_seconds
        self._report = report
        self._environ = environ

    def read(self, names: Sequence[str]) -> tuple[dict[str, SecretValue], dict[str, KeyplanError]]:
        """The values of these keys and the failures of those that could not be read, in the order of `names`.

        Raises:
            KeyplanError: what fails for all of them, for instance that there are no credentials.
        """
        if not names:
            return {}, {}
        try:
            found = self._read_all(names, self._roads())
        except CertificateRefused:
            self._report("the certificate is not among this Python's; botocore brings its own")
            found = self._read_all(names, self._sdk_roads())
        values = {name: result for name, result in found if not isinstance(result, KeyplanError)}
        return values, {name: result for name, result in found if isinstance(result, KeyplanError)}

    def _read_all(
        self, names: Sequence[str], new_road: Callable[[], Road]
    ) -> list[tuple[str, SecretValue | KeyplanError]]:
        def new_worker() -> Callable[[str], SecretValue | KeyplanError]:
            road = new_road()
            return lambda name: self._read_one(name, road)

        return list(zip(names, for_each(names, new_worker), strict=True))

    def _read_one(self, name: str, road: Road) -> SecretValue | KeyplanError:
        secret = self._keys[name]["aws"]
        subject = Subject(self._place, "secretsmanager:GetSecretValue", name, secret["name"])
        try:
            answer = road.call("GetSecretValue", {"SecretId": secret["arn"]}, subject)
            return decode(answer.get("SecretString"), secret["jsonKey"], secret["name"])
        except PendingDeletion as error:
            return self._with_date(error, road, subject, secret["arn"])
        except KeyplanError as error:
            return error

    def _with_date(self, error: PendingDeletion, road: Road, subject: Subject, arn: str) -> PendingDeletion:
        try:
            date = road.call("DescribeSecret", {"SecretId": arn}, subject).get("DeletedDate")
        except (KeyplanError, CertificateRefused):
            return error  # readers need not be allowed to describe; then the date stays unsaid
        if date is None:
            return error
        # The signed request's JSON has seconds since 1970, the SDK makes a datetime of them.
        return pending_deletion(subject, date if isinstance(date, (int, float)) else date.timestamp())

    def _roads(self) -> Callable[[], Road]:
        """How each thread gets its way to the store."""
        endpoint, credentials = self._endpoint, None
        if endpoint is not None and endpoint.is_sandbox:
            credentials = SANDBOX_CREDENTIALS
        elif is_plain_transport(self._environ, self._aws["partition"]):
            credentials = from_environment(self._environ) or self._chain_credentials()
        if credentials is None:
            return self._sdk_roads()
        if endpoint is None:
            suffix = DNS_SUFFIX[self._aws["partition"]]
            endpoint = Endpoint("secretsmanager", f"https://secretsmanager.{self._aws['region']}.{suffix}")
        self._report(f"reading from {endpoint.url} with a signed request")
        region, signer, to = self._aws["region"], credentials, endpoint
        return lambda: Connection(to, region, signer, self._deadline, self._report)

    def _chain_credentials(self) -> Credentials:
        from keyplan.stores.aws_clients import session
        from keyplan.stores.aws_sdk_errors import in_our_words, no_credentials

        subject = Subject(self._place, "sts:GetCallerIdentity")
        self._report("asking botocore's credential chain")
        with in_our_words(subject):
            found: Any = session(self._endpoint).get_credentials()
            if found is None:
                raise no_credentials(subject)
            frozen = found.get_frozen_credentials()
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    def _sdk_roads(self) -> Callable[[], Road]:
        from keyplan.stores.aws_clients import client
        from keyplan.stores.aws_sdk_errors import SdkRoad, in_our_words

        self._report("reading through the AWS SDK")
        with in_our_words(Subject(self._place, "secretsmanager:GetSecretValue")):
            road = SdkRoad(
                client("secretsmanager", self._aws["region"], self._endpoint, self._timeout_seconds)
            )
        return lambda: road
