"""AWS Secrets Manager for the commands that store and look: everything but reading values, through boto3.

Values go in here and never come out: reading is `aws_read`, so that `put` and `status` work for operators and
auditors, who may not read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from keyplan.age import State
from keyplan.endpoints import Endpoint, endpoint_for, require_trusted
from keyplan.errors import UsageError
from keyplan.stores.aws_clients import client, session
from keyplan.stores.aws_deposit import AwsDeposit, AwsPending
from keyplan.stores.aws_errors import Place, Subject, pending_deletion
from keyplan.stores.aws_labels import OPERATION, Labels, is_dead
from keyplan.stores.aws_sdk_errors import SdkRoad, in_our_words, no_credentials
from keyplan.stores.aws_versions import CURRENT, AwsState, state_of
from keyplan.stores.base import Stage, Trouble
from keyplan.stores.error_words import no_previous, not_deleted, previous_revoked, revoked
from keyplan.stores.labels import REVOKED, caller_of
from keyplan.stores.stored_value import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import SecretState, Version
    from keyplan.stores.labels import VersionLabel


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

    def survey(self, keys: Sequence[ManifestKey]) -> None:
        """Nothing: ListSecrets tells versions' labels without their dates, and cannot be granted on single
        secrets.
        """

    def state(self, key: ManifestKey) -> AwsState:
        """The metadata of a key's secret: no permission to read values is needed."""
        return self._look(key)

    def history(self, key: ManifestKey) -> AwsState:
        """The same with the versions that have lost their labels, for as long as AWS keeps them."""
        return self._look(key, IncludeDeprecated=True)

    def _look(self, key: ManifestKey, **which: bool) -> AwsState:
        described = self.call("DescribeSecret", key)
        deleted = described.get("DeletedDate")
        if deleted is not None:
            gone = pending_deletion(self.subject("PutSecretValue", key), deleted.timestamp())
            return AwsState(None, Trouble(State.PENDING_DELETION, gone), deleted.astimezone(UTC))
        state = state_of(described, self._versions(key, which))
        label = state.current.label if state.current else None
        if label is None or label.fate != REVOKED:
            return state
        error = revoked(self.subject("GetSecretValue", key), label.at)
        return replace(state, trouble=Trouble(State.REVOKED, error))

    def _versions(self, key: ManifestKey, which: dict[str, bool]) -> list[dict[str, Any]]:
        versions: list[dict[str, Any]] = []
        page: dict[str, Any] = {}
        while True:
            answer = self.call("ListSecretVersionIds", key, **which, **page)
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
        return AwsDeposit(self, key, _mine(state), value, label)

    def pending(self, key: ManifestKey, state: SecretState) -> AwsPending | None:
        """The deposit of the version that is pending already, or None."""
        found = state.at(Stage.PENDING)
        return AwsPending(self, key, _mine(state), found.version_id) if found else None

    def go_back(self, key: ManifestKey, state: SecretState) -> str:
        """Move AWSCURRENT to the previous version; AWS moves AWSPREVIOUS the other way.

        Raises:
            ValueMissing: there is no previous version.
            ValueRevoked: it leaked, and nobody should get it again.
            ChangedMeanwhile: the versions are no longer where `state` saw them.
        """
        previous, subject = state.at(Stage.PREVIOUS), self.subject(OPERATION, key)
        if previous is None:
            raise no_previous(subject)
        if previous.label is not None and previous.label.fate == REVOKED:
            raise previous_revoked(subject, previous.version_id)
        labels = Labels(self, key)
        found = labels.now()
        if CURRENT not in found.get(previous.version_id, ()):
            labels.mark_served(previous.version_id, found)
            current = state.current.version_id if state.current else None
            labels.serve(previous.version_id, current)
            if is_dead(found, current):
                labels.pass_previous_on(current or "", None)
        return previous.version_id

    def shut(self, key: ManifestKey, state: SecretState, version: Version, fate: str, at: str) -> None:
        """Write a version's end on its label, and take its value from readers."""
        from keyplan.stores.aws_shutting import shut

        shut(self, key, _mine(state), version.version_id, fate, at)

    def restore_secret(self, key: ManifestKey) -> str:
        """Undo the deletion of a secret whose recovery window is open."""
        if self.call("DescribeSecret", key).get("DeletedDate") is None:
            raise not_deleted(self.subject("RestoreSecret", key))
        self.call("RestoreSecret", key)
        return f"secret {key.on_aws().name} can be read again"

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


def _mine(state: SecretState) -> AwsState:
    if not isinstance(state, AwsState):
        raise TypeError("this is another store's state")
    return state
