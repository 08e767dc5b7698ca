"""One version on its way into Google Secret Manager; a `keyplan.stores.base.Deposit`.

One update announces what is about to be added, so that a version whose command is killed can be told from
others' and is not lost. The version is added and verified, and an update lets the alias `pending` point to it
and writes its annotation; another one moves `current` and `previous`. Each update is done only if nobody else
changed the secret meanwhile. The version is verified without reading it: Secret Manager says that the
checksum that was sent is the one that it computed.
Source: secretmanager v1 discovery document, SecretVersion.clientSpecifiedPayloadChecksum, Secret.etag
(checked 2026-11-21).
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from keyplan.errors import KeyplanError, StoreError
from keyplan.stores.base import Stage
from keyplan.stores.crc32c import crc32c
from keyplan.stores.gcp_annotations import (
    CURRENT,
    NEXT,
    PENDING,
    STAGES,
    Announcement,
    promoted,
    restaged,
    stages_of,
    without_announcement,
    without_label,
)
from keyplan.stores.gcp_errors import changed, not_enabled_pending
from keyplan.stores.gcp_update import UPDATE, Change, labelled, stamp, update
from keyplan.stores.gcp_versions import ENABLED
from keyplan.stores.labels import SERVED
from keyplan.stores.raw_value import encode

if TYPE_CHECKING:
    from keyplan.manifest.model import ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.gcp_calls import GcpCalls
    from keyplan.stores.gcp_state import GcpState
    from keyplan.stores.labels import VersionLabel

ADD = "secretmanager.versions.add"


class GcpDeposit:
    """The steps; made by GcpStore.deposit and GcpStore.pending.

    Args:
        store: where.
        key: whose secret.
        state: of the secret, before the first step.
        value: the value; None where the version is pending already.
        label: what to say of the version; None where nothing is known of it.
        version_id: the version that is pending already.
    """

    seen_when_added = False

    def __init__(
        self,
        store: GcpCalls,
        key: ManifestKey,
        state: GcpState,
        value: SecretValue | None,
        label: VersionLabel | None,
        version_id: str | None = None,
    ) -> None:
        self._store = store
        self._key = key
        self._before = state
        self._state = state
        self._value = value
        self._label = label
        self._announcement = state.annotations.get(NEXT) if state.begun else None
        self.version_id = version_id

    @property
    def _was_pending(self) -> bool:
        return self._value is None

    def add(self) -> None:
        """Store the version, and let `pending` point to it. Readers still get what `current` points to."""
        if self._value is None or self._label is None:
            return
        newest = max((int(version.version_id) for version in self._before.versions), default=0)
        self._announcement = str(Announcement(newest, stamp(), self._label))
        self._state = update(self._store, self._key, self._before, self._announced)
        number = self._added(encode(self._value))

        def change(state: GcpState) -> Change | None:
            if state.aliases.get(PENDING) == number:
                return None
            self._require_as_seen(state, self._announcement)
            aliases = restaged(state.aliases, pending=number)
            return Change(aliases, self._annotations(state, aliases, number, self._label))

        self._state = update(self._store, self._key, self._state, change)

    def _announced(self, state: GcpState) -> Change | None:
        if state.annotations.get(NEXT) == self._announcement:
            return None
        self._require_as_seen(state, self._before.annotations.get(NEXT))
        return Change(state.aliases, {**state.annotations, NEXT: str(self._announcement)})

    def _require_as_seen(self, state: GcpState, announcement: str | None) -> None:
        same = stages_of(state.aliases) == stages_of(self._before.aliases)
        if not same or state.annotations.get(NEXT) != announcement:
            raise changed(self._store.subject(UPDATE, self._key))

    def _added(self, content: bytes) -> str:
        payload = {"data": b64encode(content).decode(), "dataCrc32c": str(crc32c(content))}
        subject = self._store.subject(ADD, self._key)
        target = f"/v1/{self._key.on_gcp().resource}:addVersion"
        answer = self._store.call("POST", target, subject, {"payload": payload}, repeatable=False)
        number = str(answer.get("name", "")).rpartition("/")[2]
        if not number.isdigit():
            raise StoreError(f"{subject.named}: Secret Manager does not say which version it stored")
        self.version_id = number
        if answer.get("clientSpecifiedPayloadChecksum") is not True or answer.get("state") != ENABLED:
            raise StoreError(
                f"{subject.named}: Secret Manager stored version {number} of secret {subject.secret} without "
                "verifying its checksum, or it is not enabled",
                "run the command again",
            )
        return number

    def promote(self) -> str:
        """Let `current` point to the version, and `previous` to what readers got before."""
        number = self._known_version()
        subject = self._store.subject(UPDATE, self._key)
        waiting = self._before.at(Stage.PENDING)
        if self._was_pending and waiting is not None and not waiting.is_readable:
            raise not_enabled_pending(subject, number)
        served = self._label
        if self._was_pending and self._label is not None:
            served = self._label.became(SERVED, stamp())

        def change(state: GcpState) -> Change | None:
            if state.aliases.get(CURRENT) == number:
                return None  # the update that seemed lost had arrived
            is_as_seen = state.aliases.get(CURRENT) == self._before.aliases.get(CURRENT)
            if not is_as_seen or not self._waits(state, number):
                raise changed(subject)
            is_destroyed = self._before.is_destroyed
            aliases = promoted(state.aliases, state.annotations, number, is_destroyed=is_destroyed)
            return Change(aliases, self._annotations(state, aliases, number, served))

        self._state = update(self._store, self._key, self._state, change)
        return number

    def _waits(self, state: GcpState, number: str) -> bool:
        """Whether the version is still the one that is on its way."""
        waiting = state.aliases.get(PENDING)
        if waiting is None and self._before.begun == number:
            return state.annotations.get(NEXT) == self._announcement
        return waiting == number

    def current_version(self) -> str | None:
        """The version that `current` points to."""
        return self._store.glance(self._key).aliases.get(CURRENT)

    def withdraw(self) -> bool:
        """Disable the version, if there is one, and take `pending` off it: nobody should ever get it.

        In this order, because a version without an alias is found by nobody who goes on from here.
        """
        number = self.version_id
        if number is None:
            return True
        try:
            state = self._store.glance(self._key)
            if state.aliases.get(CURRENT) == number:
                self._store.say(
                    f"note: version {number} stays: readers of {self._secret} are sent to it by now"
                )
                return False
            self._store.disable(self._key, number)
            update(self._store, self._key, state, lambda now: self._withdrawn(now, number))
        except KeyplanError:
            self._store.say(self._stays(number))
            return False
        return True

    def _withdrawn(self, state: GcpState, number: str) -> Change | None:
        annotations = without_label(without_announcement(state.annotations, self._announcement), number)
        if state.aliases.get(CURRENT) == number:
            raise changed(self._store.subject(UPDATE, self._key))
        if state.aliases.get(PENDING) == number:
            return Change(restaged(state.aliases, pending=None), annotations)
        return Change(state.aliases, annotations) if annotations != state.annotations else None

    def restore(self) -> str:
        """Let the aliases point where they pointed, and withdraw the version unless it was pending before."""
        number, before = self._known_version(), stages_of(self._before.aliases)
        if self._before.begun == number:
            before[PENDING] = number  # what the command that was stopped would have written

        def change(state: GcpState) -> Change | None:
            if stages_of(state.aliases) == before:
                return None
            if state.aliases.get(CURRENT) != number:
                raise changed(self._store.subject(UPDATE, self._key))
            aliases = restaged(state.aliases, **{stage: before.get(stage) for stage in STAGES})
            return Change(aliases, self._annotations(state, aliases, number, self._label))

        update(self._store, self._key, self._store.glance(self._key), change)
        if not self._was_pending:
            self.withdraw()
        return before.get(CURRENT, "none")

    def _annotations(
        self, state: GcpState, aliases: dict[str, str], number: str, label: VersionLabel | None
    ) -> dict[str, str]:
        annotations = without_announcement(state.annotations, self._announcement)
        return annotations if label is None else labelled(annotations, aliases, number, label)

    @property
    def _secret(self) -> str:
        return f"secret {self._key.on_gcp().name}"

    def _stays(self, number: str) -> str:
        subject = self._store.subject(UPDATE, self._key)
        return (
            f"note: version {number} of secret {subject.secret} stays; no reader is sent to it: "
            f"gcloud secrets versions disable {number} --secret {subject.secret} {subject.project_option}"
        )

    def _known_version(self) -> str:
        if self.version_id is None:
            raise RuntimeError("a version is added before it is promoted")
        return self.version_id
