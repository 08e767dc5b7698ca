"""Google Secret Manager for the commands that store and look: everything but reading values, over REST.

Values go in here and never come out: reading is `gcp_read`, so that `put` and `status` work for operators and
auditors, who may not read. Readers get the version that the alias `current` points to; the newest version by
itself means nothing, so that a value can be stored and verified before anybody gets it.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from keyplan.endpoints import endpoint_for, require_trusted
from keyplan.errors import AccessDenied, ValueMissing
from keyplan.stores import gcp_stages
from keyplan.stores.base import Stage
from keyplan.stores.gcp_annotations import CURRENT, PENDING, stages_of
from keyplan.stores.gcp_deposit import GcpDeposit
from keyplan.stores.gcp_errors import SERVICE, Place, Subject
from keyplan.stores.gcp_request import GOOGLE, Connection, soon
from keyplan.stores.gcp_state import bare_state, own, told
from keyplan.stores.gcp_tokens import find_access
from keyplan.stores.gcp_versions import number_of
from keyplan.stores.raw_value import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import SecretState, Version
    from keyplan.stores.gcp_access import Access
    from keyplan.stores.gcp_state import GcpState
    from keyplan.stores.labels import VersionLabel

LIST = "secretmanager.secrets.list"
GET = "secretmanager.secrets.get"
GET_VERSION = "secretmanager.versions.get"
LIST_VERSIONS = "secretmanager.versions.list"
ENABLE = "secretmanager.versions.enable"
DISABLE = "secretmanager.versions.disable"
# A page of 1,000 secrets with all the annotations that they can have takes 16 MiB.
PAGE_SIZE = 1000
# Those that are on their way are nearly always among the newest few; where not, they are asked for.
NEWEST = 20


class GcpStore:
    """The secrets of one environment on Google Cloud; a `keyplan.stores.base.Store`. Threads may share one.

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

    cloud = "gcp"

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
        self._report = report
        self._environ = environ
        self._timeout_seconds = timeout_seconds
        self._listed: dict[str, dict[str, Any]] = {}
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

    def survey(self, keys: Sequence[ManifestKey]) -> None:
        """List the environment's secrets, which takes one request where each by itself would take one each.

        An operator may not list a project's secrets, only look at the environment's: then each is asked for.
        """
        if len(keys) < 2:
            return
        page: dict[str, str] = {}
        query = f"pageSize={PAGE_SIZE}&filter=labels.environment%3D{self.place.environment}"
        subject = Subject(self.place, LIST)
        try:
            while True:
                more = f"&pageToken={page['token']}" if page else ""
                answer = self.call(
                    "GET", f"/v1/projects/{self.place.project_id}/secrets?{query}{more}", subject
                )
                for secret in answer.get("secrets", ()):
                    self._listed[str(secret["name"]).rpartition("/")[2]] = secret
                if not answer.get("nextPageToken"):
                    return
                from urllib.parse import quote

                page = {"token": quote(str(answer["nextPageToken"]), safe="")}
        except AccessDenied:
            self._report("the project's secrets may not be listed; asking for each of them")

    def state(self, key: ManifestKey) -> GcpState:
        """The metadata of a key's secret: no permission to read values is needed."""
        secret = self._listed.pop(key.on_gcp().name, None)
        bare = bare_state(secret) if secret else self.glance(key)
        entries = self._versions(key, f"pageSize={NEWEST}").get("versions", [])
        seen = {number_of(entry) for entry in entries}
        for number in sorted(set(stages_of(bare.aliases).values()) - seen):
            with suppress(ValueMissing):  # an alias of a version that Google forgot
                entries.append(self.version(key, number))
        return told(bare, entries, self.subject(GET_VERSION, key))

    def history(self, key: ManifestKey) -> GcpState:
        """The same with every version."""
        return told(self.glance(key), self.list_all(key), self.subject(LIST_VERSIONS, key))

    def glance(self, key: ManifestKey) -> GcpState:
        """What the secret's own entry says: everything but its versions."""
        return bare_state(self.call("GET", f"/v1/{key.on_gcp().resource}", self.subject(GET, key)))

    def version(self, key: ManifestKey, number: str) -> dict[str, Any]:
        """One version's metadata, as Google says it. Raises ValueMissing where there is none."""
        target = f"/v1/{key.on_gcp().resource}/versions/{number}"
        return self.call("GET", target, self.subject(GET_VERSION, key))

    def list_all(self, key: ManifestKey) -> list[dict[str, Any]]:
        """Every version's metadata, as Google says it, newest first."""
        page = self._versions(key, f"pageSize={PAGE_SIZE}")
        entries = list(page.get("versions", []))
        while page.get("nextPageToken"):
            from urllib.parse import quote

            token = quote(str(page["nextPageToken"]), safe="")
            page = self._versions(key, f"pageSize={PAGE_SIZE}&pageToken={token}")
            entries += page.get("versions", [])
        return entries

    def _versions(self, key: ManifestKey, query: str) -> dict[str, Any]:
        target = f"/v1/{key.on_gcp().resource}/versions?{query}"
        return self.call("GET", target, self.subject(LIST_VERSIONS, key))

    def enable(self, key: ManifestKey, number: str) -> None:
        """Let a version be read."""
        target = f"/v1/{key.on_gcp().resource}/versions/{number}:enable"
        self.call("POST", target, self.subject(ENABLE, key), {})

    def disable(self, key: ManifestKey, number: str) -> None:
        """Let a version not be read until it is enabled again. Raises NotEnabled where it is destroyed."""
        target = f"/v1/{key.on_gcp().resource}/versions/{number}:disable"
        self.call("POST", target, self.subject(DISABLE, key), {})

    def check_size(self, key: ManifestKey, value: SecretValue) -> None:
        """Raise ValueRejected for a value that is larger than a secret."""
        encode(value)

    def deposit(
        self, key: ManifestKey, state: SecretState, value: SecretValue, label: VersionLabel
    ) -> GcpDeposit:
        """Prepare to store a value; nothing is done yet."""
        return GcpDeposit(self, key, own(state), value, label)

    def pending(self, key: ManifestKey, state: SecretState) -> GcpDeposit | None:
        """The deposit of the version that is pending already, or None."""
        seen = own(state)
        number = seen.aliases.get(PENDING, seen.begun)
        if number is None or number == seen.aliases.get(CURRENT):
            return None
        waiting = seen.at(Stage.PENDING)
        return GcpDeposit(self, key, seen, None, waiting.label if waiting else None, number)

    def go_back(self, key: ManifestKey, state: SecretState) -> str:
        """Send readers to the previous version, and return its number."""
        return gcp_stages.go_back(self, key, own(state))

    def shut(self, key: ManifestKey, state: SecretState, version: Version, fate: str, at: str) -> None:
        """Disable a version, and write on its label why."""
        own(state)
        gcp_stages.shut(self, key, version, fate, at)

    def restore_secret(self, key: ManifestKey) -> str:
        """Enable the versions again whose destruction is scheduled."""
        return gcp_stages.restore_secret(self, key)

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
        self._report(f"{subject.permission} {subject.secret or subject.place}")
        connection: Connection | None = getattr(self._mine, "connection", None)
        if connection is None or not repeatable:
            # What cannot be repeated goes over a new connection: an old one may have been closed while a
            # person was typing, which is found out only by sending.
            connection = Connection(self._address, self._access.token, self._report, self._environ)
            self._mine.connection = connection
        return connection.call(
            method, target, subject, soon(self._timeout_seconds), body, repeatable=repeatable
        )

    def subject(self, permission: str, key: ManifestKey) -> Subject:
        """What a call about a key's secret is about."""
        return Subject(self.place, permission, key.name, key.on_gcp().name)
