"""AWS Secrets Manager for the commands that store and look: everything but reading values, through boto3.

Values go in here and never come out: reading is `aws_read`, so that `put` and `status` work for operators and
auditors, who may not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyplan.age import State
from keyplan.endpoints import Endpoint, endpoint_for, require_trusted
from keyplan.errors import UsageError
from keyplan.stores.aws_clients import client, session
from keyplan.stores.aws_deposit import AwsDeposit
from keyplan.stores.aws_errors import Place, Subject, pending_deletion
from keyplan.stores.aws_sdk_errors import SdkRoad, in_our_words, no_credentials
from keyplan.stores.base import SecretState, Trouble, Version
from keyplan.stores.labels import caller_of, parse
from keyplan.stores.stored_value import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

    from keyplan.manifest import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.labels import VersionLabel


@dataclass(frozen=True)
class AwsState(SecretState):
    """A secret's metadata, with what `put` needs to make room for another label."""

    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (version id, its labels), oldest first


class AwsStore:
    """The secrets of one environment on AWS; a `keyplan.stores.base.Store`. Threads may share one.

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

    cloud = "aws"
    adds_unseen = False  # PutSecretValue stores and moves AWSCURRENT in one call

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
        self._report = report
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

    def survey(self, keys: Sequence[ManifestKey]) -> None:
        """Nothing: ListSecrets tells versions' labels without their dates, and cannot be granted on single
        secrets.
        """

    def state(self, key: ManifestKey) -> AwsState:
        """The metadata of a key's secret: no permission to read values is needed."""
        described = self.call("DescribeSecret", key)
        deleted = described.get("DeletedDate")
        if deleted is not None:
            subject = Subject(self.place, "secretsmanager:PutSecretValue", key.name, key.on_aws().name)
            error = pending_deletion(subject, deleted.timestamp())
            return AwsState(None, Trouble(State.PENDING_DELETION, error), deleted)
        entries = sorted(self._versions(key), key=lambda entry: entry["CreatedDate"])
        labels = tuple((entry["VersionId"], tuple(entry.get("VersionStages", ()))) for entry in entries)
        current = [
            Version(entry["VersionId"], entry["CreatedDate"], parse(entry["VersionStages"]))
            for entry in entries
            if "AWSCURRENT" in entry.get("VersionStages", ())
        ]
        return AwsState(current[0] if current else None, labels=labels)

    def _versions(self, key: ManifestKey) -> list[dict[str, Any]]:
        versions: list[dict[str, Any]] = []
        page: dict[str, Any] = {}
        while True:
            answer = self.call("ListSecretVersionIds", key, **page)
            versions += answer.get("Versions", ())
            if not answer.get("NextToken"):
                return versions
            page = {"NextToken": answer["NextToken"]}

    def check_size(self, key: ManifestKey, value: SecretValue) -> None:
        """Raise ValueRejected for a value that its JSON makes larger than a secret."""
        encode(value, key.on_aws().json_key)

    def deposit(
        self, key: ManifestKey, state: SecretState, value: SecretValue, label: VersionLabel
    ) -> AwsDeposit:
        """Prepare to store a value; nothing is done yet."""
        labels = state.labels if isinstance(state, AwsState) else ()
        before = state.current.version_id if state.current else None
        return AwsDeposit(self, key, value, label, before, labels)

    def call(self, operation: str, key: ManifestKey, **parameters: Any) -> dict[str, Any]:
        """Send one operation about a key's secret; failures are KeyplanErrors."""
        subject = Subject(self.place, f"secretsmanager:{operation}", key.name, key.on_aws().name)
        self._report(f"{operation} {key.on_aws().name}")
        return self._road.call(operation, {"SecretId": key.on_aws().arn, **parameters}, subject)

    def _client(self, service: str) -> Any:
        endpoint = self._endpoints[service]
        return client(service, self.place.region, endpoint, self._timeout_seconds, from_session=self._session)
