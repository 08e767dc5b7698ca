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
from keyplan.stores.gcp_annotations import CURRENT
from keyplan.stores.gcp_errors import SERVICE, Place, Subject, damaged
from keyplan.stores.gcp_request import GOOGLE, Connection, soon
from keyplan.stores.gcp_tokens import find_access
from keyplan.stores.raw_value import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from keyplan.manifest_document import ManifestDocument
    from keyplan.secret_value import SecretValue

ACCESS = "secretmanager.versions.access"


class GcpReader:
    """Reads the values of one environment.

    Args:
        document: the manifest.
        trusted_hosts: hosts outside Google that the user confirmed.
        timeout_seconds: how long all of it may take.
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
        self._deadline = soon(timeout_seconds)
        self._report = report
        self._environ = environ

    def read(self, names: Sequence[str]) -> tuple[dict[str, SecretValue], dict[str, KeyplanError]]:
        """The values of these keys and the failures of those that could not be read, in the order of `names`.

        Raises:
            KeyplanError: what fails for all of them, for instance that there are no credentials.
        """
        if not names:
            return {}, {}
        subject = Subject(self._place, ACCESS)
        token = find_access(self._endpoint, subject, self._report, self._environ, self._deadline).token
        address = self._endpoint or GOOGLE
        self._report(f"reading from {address.url}")
        connections: list[Connection] = []

        def new_worker() -> Callable[[str], SecretValue | KeyplanError]:
            connection = Connection(address, token, self._report, self._environ)
            connections.append(connection)  # atomic: threads do this at the same time
            return lambda name: self._read_one(name, connection)

        try:
            found = list(zip(names, for_each(names, new_worker), strict=True))
        finally:
            while connections:
                connections.pop().close()
        values = {name: result for name, result in found if not isinstance(result, KeyplanError)}
        return values, {name: result for name, result in found if isinstance(result, KeyplanError)}

    def _read_one(self, name: str, connection: Connection) -> SecretValue | KeyplanError:
        key = self._keys[name]
        secret = key["gcp"]
        subject = Subject(self._place, ACCESS, name, secret["name"])
        target = f"/v1/{secret['resource']}/versions/{CURRENT}:access"
        try:
            content = verified(connection.call("GET", target, subject, self._deadline))
            if content is None:
                self._report(f"{secret['name']}: the checksum differs; asking once more")
                content = verified(connection.call("GET", target, subject, self._deadline))
            if content is None:
                return damaged(subject)
            return decode(content, key["envVar"], secret["name"])
        except KeyplanError as error:
            return error


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
