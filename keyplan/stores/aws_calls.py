"""Calls of Secrets Manager about an environment's secrets, through boto3; what for is said elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.endpoints import Endpoint, endpoint_for, require_trusted
from keyplan.errors import UsageError
from keyplan.stores.aws_clients import client, session
from keyplan.stores.aws_errors import Place, Subject
from keyplan.stores.aws_sdk_errors import SdkRoad, in_our_words, no_credentials
from keyplan.stores.labels import caller_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from keyplan.manifest.model import Manifest, ManifestKey


class AwsCalls:
    """Where an environment's secrets are on AWS, and who asks. Threads may share one.

    Args:
        manifest: the environment.
        trusted_hosts: hosts outside AWS that the user confirmed.
        timeout_seconds: how long one call may take.
        report: takes lines for --verbose.
        say: takes what a person should know although it is no failure.

    Raises:
        UsageError: an endpoint of the manifest is a foreign host that nobody confirmed.
        StoreError: there are no credentials, or the AWS settings are broken.
    """

    def __init__(
        self,
        manifest: Manifest,
        trusted_hosts: Collection[str],
        timeout_seconds: float,
        report: Callable[[str], None],
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        aws = manifest.on_aws()
        self._endpoints = {name: endpoint_for(name, aws.endpoints) for name in ("secretsmanager", "sts")}
        for endpoint in filter(None, self._endpoints.values()):
            require_trusted(endpoint, trusted_hosts)
        self.place = Place(
            manifest.environment,
            aws.account_id,
            aws.region,
            aws.kms_key_arn,
            self._endpoints["secretsmanager"],
        )
        self._timeout_seconds = timeout_seconds
        self.report = report
        self.say = say
        subject = Subject(self.place, "secretsmanager:DescribeSecret")
        with in_our_words(subject):
            self._session = session(self.endpoint)
            if self._session.get_credentials() is None:
                raise no_credentials(subject)  # said once here, not once for every key
            self._road = SdkRoad(self._client("secretsmanager"))

    @property
    def endpoint(self) -> Endpoint | None:
        """Where Secrets Manager is, or None for AWS's own host of the region."""
        return self._endpoints["secretsmanager"]

    def caller(self) -> str:
        """Who is calling, as AWS's Security Token Service sees it."""
        subject = Subject(self.place, "sts:GetCallerIdentity")
        with in_our_words(subject):
            road = SdkRoad(self._client("sts"))
        answer = road.call("GetCallerIdentity", {}, subject)
        if answer["Account"] != self.place.account_id:
            raise UsageError(
                f"environment {self.place.environment} is in account {self.place.account_id}, and your AWS "
                f"credentials are of account {answer['Account']}: nothing was stored",
                "set AWS_PROFILE to a profile of that account, or assume a role in it",
            )
        return caller_of(answer["Arn"])

    def call(self, operation: str, key: ManifestKey, **parameters: Any) -> dict[str, Any]:
        """Send one operation about a key's secret; failures are KeyplanErrors."""
        self.report(f"{operation} {key.on_aws().name}")
        parameters = {"SecretId": key.on_aws().arn, **parameters}
        return self._road.call(operation, parameters, self.subject(operation, key))

    def subject(self, operation: str, key: ManifestKey) -> Subject:
        """What a call about a key's secret is about."""
        return Subject(self.place, f"secretsmanager:{operation}", key.name, key.on_aws().name)

    def _client(self, service: str) -> Any:
        endpoint = self._endpoints[service]
        return client(service, self.place.region, endpoint, self._timeout_seconds, from_session=self._session)
