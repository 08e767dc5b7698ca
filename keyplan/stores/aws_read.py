"""Reading values from AWS Secrets Manager: for `keyplan exec`, and for the commands that look at a version.

Several keys are read at once, each thread with a connection of its own. Every key that fails is reported, not
only the first.
"""

from __future__ import annotations

import os

from keyplan.endpoints import endpoint_for, require_trusted
from keyplan.errors import KeyplanError, PendingDeletion, UsageError
from keyplan.parallel import for_each
from keyplan.stores.aws_errors import Place, Subject, pending_deletion
from keyplan.stores.aws_request import CertificateRefused
from keyplan.stores.aws_roads import Roads
from keyplan.stores.error_words import revoked
from keyplan.stores.stored_value import decode, revoked_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from keyplan.manifest.document import ManifestDocument
    from keyplan.secret_value import SecretValue
    from keyplan.stores.aws_roads import Road


class AwsReader:
    """Reads the values of one environment.

    Args:
        document: the manifest.
        trusted_hosts: hosts outside AWS that the user confirmed.
        timeout_seconds: how long one reading of all keys, or of one version, may take.
        report: takes lines for --verbose.
        environ: the process's environment.

    Raises:
        UsageError: the manifest's endpoint is a foreign host that nobody confirmed; or it is not on AWS.
    """

    def __init__(
        self,
        document: ManifestDocument,
        trusted_hosts: Collection[str],
        timeout_seconds: float,
        report: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        aws = document["clouds"].get("aws")
        if aws is None:
            raise UsageError(f"environment {document['environment']} is not on AWS")
        self._keys = document["keys"]
        endpoint = endpoint_for("secretsmanager", aws["endpoints"])
        if endpoint is not None:
            require_trusted(endpoint, trusted_hosts)
        self._place = Place(
            document["environment"], aws["accountId"], aws["region"], aws["kmsKeyArn"], endpoint
        )
        self._roads = Roads(
            self._place,
            aws["partition"],
            endpoint,
            "secretsmanager:GetSecretValue",
            timeout_seconds,
            report,
            environ,
        )

    def read(self, names: Sequence[str]) -> tuple[dict[str, SecretValue], dict[str, KeyplanError]]:
        """The values of these keys and the failures of those that could not be read, in the order of `names`.

        Raises:
            KeyplanError: what fails for all of them, for instance that there are no credentials.
        """
        if not names:
            return {}, {}
        found = self._roads.travel(lambda new_road: self._read_all(names, new_road))
        values = {name: result for name, result in found if not isinstance(result, KeyplanError)}
        return values, {name: result for name, result in found if isinstance(result, KeyplanError)}

    def read_version(self, name: str, version_id: str) -> SecretValue:
        """One version's value, whatever readers get.

        Raises:
            ValueMissing: there is no such version any more.
            ValueRevoked: it stands in place of a value that was revoked.
            KeyplanError: the store refused, or could not be reached.
        """
        result = self._roads.travel(lambda new_road: self._read_one(name, new_road(), version_id))
        if isinstance(result, KeyplanError):
            raise result
        return result

    def _read_all(
        self, names: Sequence[str], new_road: Callable[[], Road]
    ) -> list[tuple[str, SecretValue | KeyplanError]]:
        def new_worker() -> Callable[[str], SecretValue | KeyplanError]:
            road = new_road()
            return lambda name: self._read_one(name, road)

        return list(zip(names, for_each(names, new_worker), strict=True))

    def _read_one(self, name: str, road: Road, version_id: str | None = None) -> SecretValue | KeyplanError:
        secret = self._keys[name]["aws"]
        subject = Subject(self._place, "secretsmanager:GetSecretValue", name, secret["name"])
        which = {"VersionId": version_id} if version_id else {}
        try:
            text = road.call("GetSecretValue", {"SecretId": secret["arn"], **which}, subject).get(
                "SecretString"
            )
            at = revoked_at(text)
            return decode(text, secret["jsonKey"], secret["name"]) if at is None else revoked(subject, at)
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
