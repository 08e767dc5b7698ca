"""AWS Secrets Manager for the commands that store and look: everything but reading values, through boto3.

Values go in here and never come out: reading is `aws_read`, so that `put` and `status` work for operators and
auditors, who may not read.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from keyplan.endpoints import Endpoint, endpoint_for, require_trusted
from keyplan.stores.aws_clients import client, session
from keyplan.stores.aws_errors import Place, Subject, pending_deletion
from keyplan.stores.aws_sdk_errors import SdkRoad, in_our_words, no_credentials
from keyplan.stores.base import Caller, SecretState, Version
from keyplan.stores.labels import caller_of
from keyplan.stores.stored_value import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

    from keyplan.errors import PendingDeletion
    from keyplan.manifest import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue


class AwsStore:
    """The secrets of one environment on AWS; a `keyplan.stores.base.Store`. Threads may share one.

    Args:
        manifest: the environment.
        trusted_hosts: hosts outside AWS that the user confirmed.
        timeout_seconds: how long one call may take.
        report: takes lines for --verbose.

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

    def caller(self) -> Caller:
        """Who is calling, as AWS's Security Token Service sees it."""
        subject = Subject(self.place, "sts:GetCallerIdentity")
        with in_our_words(subject):
            road = SdkRoad(self._client("sts"))
        answer = road.call("GetCallerIdentity", {}, subject)
        return Caller(account_id=answer["Account"], name=caller_of(answer["Arn"]))

    def state(self, key: ManifestKey) -> SecretState:
        """The metadata of a key's secret: no permission to read values is needed."""
        described = self._call("DescribeSecret", key)
        if described.get("DeletedDate") is not None:
            return SecretState(deleted=described["DeletedDate"], versions=())
        versions: list[Version] = []
        page: dict[str, Any] = {}
        while True:
            answer = self._call("ListSecretVersionIds", key, **page)
            versions += [
                Version(entry["VersionId"], entry["CreatedDate"], tuple(entry.get("VersionStages", ())))
                for entry in answer.get("Versions", ())
            ]
            if not answer.get("NextToken"):
                break
            page = {"NextToken": answer["NextToken"]}
        return SecretState(
            deleted=None, versions=tuple(sorted(versions, key=lambda version: version.created))
        )

    def deleted_error(self, key: ManifestKey, state: SecretState) -> PendingDeletion:
        """The words for a key whose secret is deleted: until when, and how to restore it."""
        subject = Subject(self.place, "secretsmanager:PutSecretValue", key.name, key.on_aws().name)
        return pending_deletion(subject, state.deleted.timestamp() if state.deleted else None)

    def put(self, key: ManifestKey, value: SecretValue, labels: Sequence[str]) -> str:
        """Store a version and make it current, in one call: AWS moves AWSCURRENT and AWSPREVIOUS together.

        The token makes the SDK's own retries store it once.
        """
        answer = self._call(
            "PutSecretValue",
            key,
            ClientRequestToken=str(uuid.uuid4()),
            SecretString=encode(value, key.on_aws().json_key),
            VersionStages=["AWSCURRENT", *labels],
        )
        version_id: str = answer["VersionId"]
        return version_id

    def drop_label(self, key: ManifestKey, version_id: str, label: str) -> None:
        """Take a label off a version."""
        self._call("UpdateSecretVersionStage", key, VersionStage=label, RemoveFromVersionId=version_id)

    def _call(self, operation: str, key: ManifestKey, **parameters: Any) -> dict[str, Any]:
        subject = Subject(self.place, f"secretsmanager:{operation}", key.name, key.on_aws().name)
        self._report(f"{operation} {key.on_aws().name}")
        return self._road.call(operation, {"SecretId": key.on_aws().arn, **parameters}, subject)

    def _client(self, service: str) -> Any:
        endpoint = self._endpoints[service]
        return client(service, self.place.region, endpoint, self._timeout_seconds, from_session=self._session)
