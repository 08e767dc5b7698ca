"""Values of an environment's keys from Google Secret Manager: what `keyplan exec` and `wire dotenv` read.

Owns reading several keys at once, verifying what arrived, and which version readers get: the one that the
alias `current` points to. The way there is `gcp_request`.
"""

from __future__ import annotations

import os
from binascii import Error as EncodingError
from binascii import a2b_base64

from keyplan.endpoints import endpoint_for, require_trusted
from keyplan.errors import KeyplanError, UsageError
from keyplan.parallel import for_each
from keyplan.stores.crc32c import crc32c
from keyplan.stores.error_words import revoked
from keyplan.stores.gcp_annotations import CURRENT, label_in
from keyplan.stores.gcp_errors import SERVICE, NotEnabled, Place, Subject, damaged
from keyplan.stores.gcp_request import GOOGLE, Connection, soon
from keyplan.stores.gcp_tokens import find_access
from keyplan.stores.labels import REVOKED
from keyplan.stores.raw_value import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from keyplan.manifest.document import ManifestDocument
    from keyplan.secret_value import SecretValue

ACCESS = "secretmanager.versions.access"
GET = "secretmanager.secrets.get"


class GcpReader:
    """Reads the values of one environment.

    Args:
        document: the manifest.
        trusted_hosts: hosts outside Google that the user confirmed.
        timeout_seconds: how long one call, with all that it reads, may take.
        report: takes lines for --verbose.
        environ: the process's environment.

    Raises:
        UsageError: the manifest's endpoint is a foreign host that nobody confirmed; or it is not on Google
            Cloud.
    """

    def __init__(
        self,
        document: ManifestDocument,
        trusted_hosts: Collection[str],
        timeout_seconds: float,
        report: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        gcp = document["clouds"].get("gcp")
        if gcp is None:
            raise UsageError(f"environment {document['environment']} is not on Google Cloud")
        self._keys = document["keys"]
        endpoint = endpoint_for(SERVICE, gcp["endpoints"], "gcp")
        if endpoint is not None:
            require_trusted(endpoint, trusted_hosts)
        self._endpoint = endpoint
        self._place = Place(document["environment"], gcp["projectId"], endpoint)
        self._timeout_seconds = timeout_seconds
        self._report = report
        self._environ = environ
        self._token: str | None = None  # looked for once; two threads may both do it, and find the same

    def read(self, names: Sequence[str]) -> tuple[dict[str, SecretValue], dict[str, KeyplanError]]:
        """The values of these keys and the failures of those that could not be read, in the order of `names`.

        Raises:
            KeyplanError: what fails for all of them, for instance that there are no credentials.
        """
        if not names:
            return {}, {}
        deadline = soon(self._timeout_seconds)
        self._find_token(deadline)
        self._report(f"reading from {(self._endpoint or GOOGLE).url}")
        connections: list[Connection] = []

        def new_worker() -> Callable[[str], SecretValue | KeyplanError]:
            connection = self._connection(deadline)
            connections.append(connection)  # atomic: threads do this at the same time
            return lambda name: self._read_or_tell(name, connection, deadline)

        try:
            found = list(zip(names, for_each(names, new_worker), strict=True))
        finally:
            while connections:
                connections.pop().close()
        values = {name: result for name, result in found if not isinstance(result, KeyplanError)}
        return values, {name: result for name, result in found if isinstance(result, KeyplanError)}

    def read_version(self, name: str, version_id: str) -> SecretValue:
        """One version's value, whatever readers get.

        Raises:
            KeyplanError: it cannot be read.
        """
        deadline = soon(self._timeout_seconds)
        connection = self._connection(deadline)
        try:
            return self._read(name, version_id, connection, deadline)
        finally:
            connection.close()

    def _find_token(self, deadline: float) -> str:
        if self._token is None:
            subject = Subject(self._place, ACCESS)
            self._token = find_access(self._endpoint, subject, self._report, self._environ, deadline).token
        return self._token

    def _connection(self, deadline: float) -> Connection:
        address = self._endpoint or GOOGLE
        return Connection(address, self._find_token(deadline), self._report, self._environ)

    def _read_or_tell(self, name: str, connection: Connection, deadline: float) -> SecretValue | KeyplanError:
        try:
            return self._read(name, CURRENT, connection, deadline)
        except NotEnabled as error:
            return self._with_the_reason(error, name, connection, deadline)
        except KeyplanError as error:
            return error

    def _read(self, name: str, version: str, connection: Connection, deadline: float) -> SecretValue:
        key = self._keys[name]
        secret = key["gcp"]
        subject = Subject(self._place, ACCESS, name, secret["name"])
        target = f"/v1/{secret['resource']}/versions/{version}:access"
        content = verified(connection.call("GET", target, subject, deadline))
        if content is None:
            self._report(f"{secret['name']}: the checksum differs; asking once more")
            content = verified(connection.call("GET", target, subject, deadline))
        if content is None:
            raise damaged(subject)
        return decode(content, key["envVar"], secret["name"])

    def _with_the_reason(
        self, error: NotEnabled, name: str, connection: Connection, deadline: float
    ) -> KeyplanError:
        """Whether the version was revoked, where the reader may look at the secret; most may not."""
        secret = self._keys[name]["gcp"]
        subject = Subject(self._place, GET, name, secret["name"])
        try:
            found = connection.call("GET", f"/v1/{secret['resource']}", subject, deadline)
        except KeyplanError:
            return error
        number = str(found.get("versionAliases", {}).get(CURRENT, ""))
        label = label_in(found.get("annotations", {}), number)
        return revoked(subject, label.at) if label is not None and label.fate == REVOKED else error


def verified(answer: Mapping[str, Any]) -> bytes | None:
    """The payload of an AccessSecretVersion answer, or None where it is not what its checksum says."""
    payload = answer.get("payload")
    if not isinstance(payload, dict):
        return None
    try:
        content = a2b_base64(payload.get("data") or "")
        expected = int(payload["dataCrc32c"])
    except (EncodingError, ValueError, KeyError, TypeError):
        return None
    return content if crc32c(content) == expected else None
