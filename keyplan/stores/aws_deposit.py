"""One version on its way into AWS Secrets Manager; a `keyplan.stores.base.Deposit`.

The version is stored with the label `keyplan:pending`, which no reader asks for; then AWSCURRENT moves to it,
and AWS moves AWSPREVIOUS to the version that it left. AWSPENDING is not used: a rotation function would take
it for its own. The first version of a secret gets AWSCURRENT at once, whatever labels were asked for.
Source: Secrets Manager API reference, PutSecretValue, UpdateSecretVersionStage (checked 2026-11-21).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from keyplan.errors import KeyplanError, Unreachable, ValueMissing
from keyplan.stores.aws_errors import changed
from keyplan.stores.aws_labels import OPERATION, Labels, holder, is_dead
from keyplan.stores.aws_versions import CURRENT, PREVIOUS
from keyplan.stores.base import Stage
from keyplan.stores.error_words import waiting_revoked
from keyplan.stores.labels import PENDING, PREFIX
from keyplan.stores.stored_value import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keyplan.manifest.model import ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.aws_calls import AwsCalls
    from keyplan.stores.aws_versions import AwsState
    from keyplan.stores.labels import VersionLabel


class AwsPending:
    """A version that is pending already, perhaps since another day and another machine."""

    seen_when_added = False

    def __init__(self, store: AwsCalls, key: ManifestKey, state: AwsState, version_id: str) -> None:
        self._store = store
        self._key = key
        self._labels = Labels(store, key)
        before = state.at(Stage.PREVIOUS)
        self._before = state.current.version_id if state.current else None
        self._previous = before.version_id if before else None
        self._may_be_there = True
        self.version_id = version_id

    def add(self) -> None:
        """Nothing: it is there."""

    def promote(self) -> str:
        """Move AWSCURRENT to the version, from where it was seen.

        Raises:
            ChangedMeanwhile: it is pending no more, or AWSCURRENT is elsewhere.
            ValueRevoked: it leaked while it waited.
        """
        labels = self._labels.now()
        mine = labels.get(self.version_id, ())
        if CURRENT not in mine:
            subject = self._store.subject(OPERATION, self._key)
            if PENDING not in mine:
                raise changed(subject)
            if is_dead(labels, self.version_id):  # a revocation ended before it took PENDING away
                raise waiting_revoked(subject, self.version_id)
            self._before_promotion(labels)
            self._labels.serve(self.version_id, self._before)
            if is_dead(labels, self._before):
                self._tidy(self._before, holder(labels, PREVIOUS))
        if PENDING in mine:
            self._labels.clear_pending(self.version_id)
        return self.version_id

    def _before_promotion(self, labels: Mapping[str, Sequence[str]]) -> None:
        # First, so that no current version is without the date from which its predecessor's grace counts.
        self._labels.mark_served(self.version_id, labels)

    def current_version(self) -> str | None:
        """The version that AWSCURRENT is on."""
        return self._labels.holder(CURRENT)

    def withdraw(self) -> bool:
        """Take the labels off the version, so that AWS may delete it. PENDING goes last: what fails before
        can be found, and withdrawn again.
        """
        if not self._may_be_there:
            return True
        try:
            mine = self._labels.now().get(self.version_id, ())
            if CURRENT in mine:
                return False  # readers get it: it was the first value
            for label in mine:
                if label.startswith(PREFIX):
                    self._labels.take(label, self.version_id)
            if PENDING in mine:
                self._labels.take(PENDING, self.version_id)
        except KeyplanError:
            self._store.say(
                f"note: version {self.version_id} of secret {self._key.on_aws().name} stays; no reader is "
                f"sent to it: `keyplan rollback {self._key.name}` takes it away"
            )
            return False
        return True

    def restore(self) -> str:
        """Move AWSCURRENT and AWSPREVIOUS back, and withdraw the version."""
        if self._before is None:
            raise ValueMissing(
                f"key {self._key.name} of environment {self._store.place.environment}: it is the first value"
            )
        self._labels.serve(self._before, self.version_id)
        self._tidy(self.version_id, self._previous)
        self.withdraw()
        return self._before

    def _tidy(self, version_id: str | None, older: str | None) -> None:
        """Leave AWSPREVIOUS where somebody can go back to. Readers get what they should already, so a failure
        is none.
        """
        try:
            self._labels.pass_previous_on(version_id or "", older)
        except KeyplanError as error:
            self._store.report(f"label {PREVIOUS} stays on version {version_id}: {error.message}")


class AwsDeposit(AwsPending):
    """A value that is not stored yet."""

    def __init__(
        self, store: AwsCalls, key: ManifestKey, state: AwsState, value: SecretValue, label: VersionLabel
    ) -> None:
        # The id is made here. It makes the SDK's own retries store the version once.
        super().__init__(store, key, state, str(uuid.uuid4()))
        self._state = state
        self._value = value
        self._label = label
        self.seen_when_added = state.current is None
        self._may_be_there = False

    def add(self) -> None:
        """Store the version."""
        self._labels.make_room(self._state.labels)
        self._may_be_there = True
        try:
            self._store.call(
                "PutSecretValue",
                self._key,
                ClientRequestToken=self.version_id,
                SecretString=encode(self._value, self._key.on_aws().json_key),
                VersionStages=[PENDING, str(self._label)],
            )
        except KeyplanError as error:
            # A refusal is an answer. Without one the version may be there, or be there later.
            self._may_be_there = isinstance(error, Unreachable)
            raise

    def _before_promotion(self, labels: Mapping[str, Sequence[str]]) -> None:
        """Nothing: the version's own date is the date from which it is served."""
