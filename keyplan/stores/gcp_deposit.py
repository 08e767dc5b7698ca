"""One value on its way into Google Secret Manager; a `keyplan.stores.base.Deposit`.

A version is added and verified while the alias `current` points to another one; then one update of the
secret moves `current` and `previous` and writes the annotation, if nobody else changed the secret meanwhile.
The version is verified without reading it: Secret Manager says that the checksum that was sent is the one
that it computed.
Source: secretmanager v1 discovery document, SecretVersion.clientSpecifiedPayloadChecksum, Secret.etag
(checked 2026-11-21).
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile, KeyplanError, StoreError
from keyplan.stores.crc32c import crc32c
from keyplan.stores.gcp_annotations import CURRENT, moved, with_label
from keyplan.stores.raw_value import encode

if TYPE_CHECKING:
    from typing import Any

    from keyplan.manifest import ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.gcp import GcpState, GcpStore
    from keyplan.stores.labels import VersionLabel

ADD = "secretmanager.versions.add"
UPDATE = "secretmanager.secrets.update"
DISABLE = "secretmanager.versions.disable"


class GcpDeposit:
    """The steps; made by GcpStore.deposit."""

    def __init__(
        self, store: GcpStore, key: ManifestKey, state: GcpState, value: SecretValue, label: VersionLabel
    ) -> None:
        self._store = store
        self._key = key
        self._state = state
        self._value = value
        self._label = label
        self._resource = key.on_gcp().resource
        self.version_id: str | None = None

    def add(self) -> None:
        """Store the version. Readers go on getting what `current` points to."""
        content = encode(self._value)
        payload = {"data": b64encode(content).decode(), "dataCrc32c": str(crc32c(content))}
        subject = self._store.subject(ADD, self._key)
        answer = self._store.call(
            "POST", f"/v1/{self._resource}:addVersion", subject, {"payload": payload}, repeatable=False
        )
        number = str(answer.get("name", "")).rpartition("/")[2]
        if not number.isdigit():
            raise StoreError(f"{subject.named}: Secret Manager does not say which version it stored")
        self.version_id = number
        if answer.get("clientSpecifiedPayloadChecksum") is not True or answer.get("state") != "ENABLED":
            raise StoreError(
                f"{subject.named}: Secret Manager stored version {number} of secret {subject.secret} without "
                "verifying its checksum, or it is not enabled",
                "run the command again",
            )

    def promote(self) -> str:
        """Let `current` point to the version."""
        number = self._added()
        try:
            self._update(self._state, number)
        except ChangedMeanwhile:
            # Perhaps only its labels were changed, or the update that seemed lost had arrived.
            state = self._store.state(self._key)
            if state.aliases.get(CURRENT) == number:
                return number
            if state.aliases.get(CURRENT) != self._state.aliases.get(CURRENT):
                raise
            self._update(state, number)
        return number

    def _update(self, state: GcpState, number: str) -> None:
        before = state.current.version_id if state.current and not state.is_destroyed else None
        in_use = frozenset(filter(None, [before]))
        body = {
            "etag": state.etag,
            "versionAliases": moved(state.aliases, number, before),
            "annotations": with_label(state.annotations, number, self._label, in_use),
        }
        self._patch(body)

    def current_version(self) -> str | None:
        """The version that `current` points to."""
        return self._store.state(self._key).aliases.get(CURRENT)

    def withdraw(self) -> None:
        """Disable the version, if there is one: nobody should ever get it."""
        if self.version_id is None:
            return
        subject = self._store.subject(DISABLE, self._key)
        try:
            self._store.call("POST", f"/v1/{self._resource}/versions/{self.version_id}:disable", subject, {})
        except KeyplanError:
            self._store.say(
                f"note: version {self.version_id} of secret {subject.secret} stays; no reader is sent to it: "
                f"gcloud secrets versions disable {self.version_id} --secret {subject.secret} "
                f"{subject.project_option}"
            )

    def restore(self) -> str:
        """Let the aliases point where they pointed, and disable the version."""
        state = self._store.state(self._key)
        aliases = dict(self._state.aliases)
        self._patch({"etag": state.etag, "versionAliases": aliases, "annotations": dict(state.annotations)})
        self.withdraw()
        return aliases.get(CURRENT, "none")

    def _patch(self, body: dict[str, Any]) -> None:
        target = f"/v1/{self._resource}?updateMask=versionAliases,annotations"
        self._store.call("PATCH", target, self._store.subject(UPDATE, self._key), body)

    def _added(self) -> str:
        if self.version_id is None:
            raise RuntimeError("a version is added before it is promoted")
        return self.version_id
