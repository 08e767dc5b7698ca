"""Requests to Google Secret Manager about an environment's secrets; what they are for is said elsewhere."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from keyplan.endpoints import endpoint_for, require_trusted
from keyplan.stores.gcp_errors import SERVICE, Place, Subject
from keyplan.stores.gcp_request import GOOGLE, Connection, soon
from keyplan.stores.gcp_state import bare_state
from keyplan.stores.gcp_tokens import find_access

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from typing import Any

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.stores.gcp_access import Access
    from keyplan.stores.gcp_state import GcpState

GET = "secretmanager.secrets.get"
GET_VERSION = "secretmanager.versions.get"
LIST_VERSIONS = "secretmanager.versions.list"
ENABLE = "secretmanager.versions.enable"
DISABLE = "secretmanager.versions.disable"
# A page of 1,000 secrets with all the annotations that they can have takes 16 MiB.
PAGE_SIZE = 1000


class GcpCalls:
    """Where an environment's secrets are on Google Cloud, and who asks. Threads may share one.

    Args:
        manifest: the environment.
        trusted_hosts: hosts outside Google that the user confirmed.
        timeout_seconds: how long one call may take.
        report: takes lines for --verbose.
        say: takes what a person should know although it is no failure.
        environ: the process's environment.

    Raises:
        UsageError: an endpoint of the manifest is a foreign host that nobody confirmed.
        StoreError: there are no credentials, or they have expired.
    """

    def __init__(
        self,
        manifest: Manifest,
        trusted_hosts: Collection[str],
        timeout_seconds: float,
        report: Callable[[str], None],
        say: Callable[[str], None] = lambda _text: None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        gcp = manifest.on_gcp()
        endpoint = endpoint_for(SERVICE, gcp.endpoints, "gcp")
        if endpoint is not None:
            require_trusted(endpoint, trusted_hosts)
        self.place = Place(manifest.environment, gcp.project_id, endpoint)
        self.say = say
        self._address = endpoint or GOOGLE
        self.report = report
        self._environ = environ
        self._timeout_seconds = timeout_seconds
        self._mine = threading.local()
        # Once, here: what is wrong with it would be wrong for every key.
        deadline = soon(timeout_seconds)
        self._access: Access = find_access(endpoint, Subject(self.place, GET), report, environ, deadline)

    def caller(self) -> str:
        """Who is calling, as far as it can be known. An identity on Google Cloud is of no project."""
        if self._access.member is None:
            from keyplan.stores.gcp_caller import member_of

            self._access.member = member_of(self._access.token, self._environ, soon(self._timeout_seconds))
        return self._access.member

    def glance(self, key: ManifestKey) -> GcpState:
        """What the secret's own entry says: everything but its versions."""
        return bare_state(self.call("GET", f"/v1/{key.on_gcp().resource}", self.subject(GET, key)))

    def version(self, key: ManifestKey, number: str) -> dict[str, Any]:
        """One version's metadata, as Google says it. Raises ValueMissing where there is none."""
        target = f"/v1/{key.on_gcp().resource}/versions/{number}"
        return self.call("GET", target, self.subject(GET_VERSION, key))

    def list_all(self, key: ManifestKey) -> list[dict[str, Any]]:
        """Every version's metadata, as Google says it, newest first."""
        target, subject = _versions(key, PAGE_SIZE), self.subject(LIST_VERSIONS, key)
        return [entry for page in self.pages(target, subject) for entry in page.get("versions", [])]

    def newest(self, key: ManifestKey, count: int) -> list[dict[str, Any]]:
        """The newest few versions' metadata, as Google says it."""
        page = self.call("GET", _versions(key, count), self.subject(LIST_VERSIONS, key))
        return list(page.get("versions", []))

    def pages(self, target: str, subject: Subject) -> Iterator[dict[str, Any]]:
        """Every page of a list; `target` has a query."""
        page = self.call("GET", target, subject)
        yield page
        while page.get("nextPageToken"):
            from urllib.parse import quote

            token = quote(str(page["nextPageToken"]), safe="")
            page = self.call("GET", f"{target}&pageToken={token}", subject)
            yield page

    def enable(self, key: ManifestKey, number: str) -> None:
        """Let a version be read."""
        target = f"/v1/{key.on_gcp().resource}/versions/{number}:enable"
        self.call("POST", target, self.subject(ENABLE, key), {})

    def disable(self, key: ManifestKey, number: str) -> None:
        """Let a version not be read until it is enabled again. Raises NotEnabled where it is destroyed."""
        target = f"/v1/{key.on_gcp().resource}/versions/{number}:disable"
        self.call("POST", target, self.subject(DISABLE, key), {})

    def call(
        self,
        method: str,
        target: str,
        subject: Subject,
        body: dict[str, Any] | None = None,
        *,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """Send one request over this thread's connection; failures are KeyplanErrors."""
        self.report(f"{subject.permission} {subject.secret or subject.place}")
        connection: Connection | None = getattr(self._mine, "connection", None)
        if connection is None or not repeatable:
            # What cannot be repeated goes over a new connection: an old one may have been closed while a
            # person was typing, which is found out only by sending.
            connection = Connection(self._address, self._access.token, self.report, self._environ)
            self._mine.connection = connection
        return connection.call(
            method, target, subject, soon(self._timeout_seconds), body, repeatable=repeatable
        )

    def subject(self, permission: str, key: ManifestKey) -> Subject:
        """What a call about a key's secret is about."""
        return Subject(self.place, permission, key.name, key.on_gcp().name)


def _versions(key: ManifestKey, count: int) -> str:
    return f"/v1/{key.on_gcp().resource}/versions?pageSize={count}"
