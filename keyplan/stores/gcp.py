"""Google Secret Manager for the commands that store and look: everything but reading values, over REST.

Values go in here and never come out: reading is `gcp_read`, so that `put` and `status` work for operators and
auditors, who may not read. Readers get the version that the alias `current` points to; the newest version by
itself means nothing, so that a value can be stored and verified before anybody gets it.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from keyplan.age import State
from keyplan.endpoints import endpoint_for, require_trusted
from keyplan.errors import AccessDenied, ValueMissing
from keyplan.stores.base import SecretState, Trouble, Version
from keyplan.stores.gcp_annotations import CURRENT, label_in
from keyplan.stores.gcp_deposit import GcpDeposit
from keyplan.stores.gcp_errors import SERVICE, Place, Subject, not_enabled_version
from keyplan.stores.gcp_request import GOOGLE, Connection, soon
from keyplan.stores.gcp_tokens import find_access
from keyplan.stores.raw_value import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from keyplan.manifest import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.gcp_tokens import Access
    from keyplan.stores.labels import VersionLabel

LIST = "secretmanager.secrets.list"
GET = "secretmanager.secrets.get"
GET_VERSION = "secretmanager.versions.get"
LIST_VERSIONS = "secretmanager.versions.list"
# A page of 1,000 secrets with all the annotations that they can have takes 16 MiB.
PAGE_SIZE = 1000


@dataclass(frozen=True)
class GcpState(SecretState):
    """A secret's metadata, with what an update has to send back."""

    etag: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    is_destroyed: bool = False  # the current version is gone for good


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
    adds_unseen = True

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
        location = key.on_gcp()
        secret = self._listed.pop(location.name, None) or self.call(
            "GET", f"/v1/{location.resource}", self.subject(GET, key)
        )
        aliases = {name: str(number) for name, number in secret.get("versionAliases", {}).items()}
        annotations = dict(secret.get("annotations", {}))
        nothing = GcpState(None, etag=str(secret.get("etag", "")), aliases=aliases, annotations=annotations)
        if CURRENT not in aliases:
            return self._without_current(key, nothing)
        number = aliases[CURRENT]
        subject = self.subject(GET_VERSION, key)
        try:
            found = self.call("GET", f"/v1/{location.resource}/versions/{number}", subject)
        except ValueMissing:
            return nothing
        version = _version(found, annotations)
        state = found.get("state")
        if state == "ENABLED":
            return replace(nothing, current=version)
        kind = State.DESTROYED if state == "DESTROYED" else State.DISABLED
        error = not_enabled_version(subject, kind.value, number)
        is_destroyed = kind is State.DESTROYED
        return replace(nothing, current=version, trouble=Trouble(kind, error), is_destroyed=is_destroyed)

    def _without_current(self, key: ManifestKey, nothing: GcpState) -> GcpState:
        """No reader is sent anywhere; perhaps somebody stored a value by other means."""
        subject, location = self.subject(LIST_VERSIONS, key), key.on_gcp()
        target = f"/v1/{location.resource}/versions?pageSize=1&filter=state%3AENABLED"
        entries = self.call("GET", target, subject).get("versions", [])
        if not entries:
            return nothing
        version = _version(entries[0], nothing.annotations)
        error = ValueMissing(
            f"{subject.named}: secret {location.name} has version {version.version_id}, and no alias "
            "`current`: the readers of `current` get no value",
            f"keyplan put {key.name}, or gcloud secrets update {location.name} "
            f"--update-version-aliases current={version.version_id} {subject.project_option}",
        )
        return replace(nothing, trouble=Trouble(State.NO_VALUE, error), unserved=version)

    def check_size(self, key: ManifestKey, value: SecretValue) -> None:
        """Raise ValueRejected for a value that is larger than a secret."""
        encode(value)

    def deposit(
        self, key: ManifestKey, state: SecretState, value: SecretValue, label: VersionLabel
    ) -> GcpDeposit:
        """Prepare to store a value; nothing is done yet."""
        if not isinstance(state, GcpState):
            raise TypeError("this is another store's state")
        return GcpDeposit(self, key, state, value, label)

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


def _version(found: Mapping[str, Any], annotations: Mapping[str, str]) -> Version:
    number = str(found["name"]).rpartition("/")[2]
    return Version(number, datetime.fromisoformat(str(found["createTime"])), label_in(annotations, number))
