"""AWS Secrets Manager for the commands that store and look: everything but reading values, through boto3.

Values go in here and never come out: reading is `aws_read`, so that `put` and `status` work for operators and
auditors, who may not read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from keyplan.age import State
from keyplan.stores.aws_calls import AwsCalls
from keyplan.stores.aws_deposit import AwsDeposit, AwsPending
from keyplan.stores.aws_errors import pending_deletion
from keyplan.stores.aws_labels import OPERATION, Labels, is_dead
from keyplan.stores.aws_versions import CURRENT, AwsState, state_of
from keyplan.stores.base import Stage, Trouble
from keyplan.stores.error_words import no_previous, not_deleted, previous_revoked, revoked
from keyplan.stores.labels import REVOKED
from keyplan.stores.stored_value import encode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from keyplan.manifest.model import ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import SecretState, Version
    from keyplan.stores.labels import VersionLabel


class AwsStore(AwsCalls):
    """The secrets of one environment on AWS; a `keyplan.stores.base.Store`. Threads may share one.

    Its arguments and errors are those of `AwsCalls`.
    """

    cloud = "aws"

    def survey(self, keys: Sequence[ManifestKey]) -> None:
        """Nothing: ListSecrets tells versions' labels without their dates, and cannot be granted on single
        secrets.
        """

    def state(self, key: ManifestKey) -> AwsState:
        """The metadata of a key's secret: no permission to read values is needed."""
        return self._look(key)

    def history(self, key: ManifestKey) -> AwsState:
        """The same with the versions that have lost their labels, for as long as AWS keeps them."""
        return self._look(key, IncludeDeprecated=True)

    def _look(self, key: ManifestKey, **which: bool) -> AwsState:
        described = self.call("DescribeSecret", key)
        deleted = described.get("DeletedDate")
        if deleted is not None:
            gone = pending_deletion(self.subject("PutSecretValue", key), deleted.timestamp())
            return AwsState(None, Trouble(State.PENDING_DELETION, gone), deleted.astimezone(UTC))
        state = state_of(described, self._versions(key, which))
        label = state.current.label if state.current else None
        if label is None or label.fate != REVOKED:
            return state
        error = revoked(self.subject("GetSecretValue", key), label.at)
        return replace(state, trouble=Trouble(State.REVOKED, error))

    def _versions(self, key: ManifestKey, which: dict[str, bool]) -> list[dict[str, Any]]:
        versions: list[dict[str, Any]] = []
        page: dict[str, Any] = {}
        while True:
            answer = self.call("ListSecretVersionIds", key, **which, **page)
            versions += answer.get("Versions", ())
            if not answer.get("NextToken"):
                return versions
            page = {"NextToken": answer["NextToken"]}

    def check_size(self, key: ManifestKey, value: SecretValue) -> None:
        """Raise ValueRejected for a value that its JSON makes larger than a secret."""
        encode(value, key.on_aws().json_key)

    def deposit(
        self, key: ManifestKey, state: SecretState, value: SecretValue, label: VersionLabel
    ) -> AwsDeposit:
        """Prepare to store a value; nothing is done yet."""
        return AwsDeposit(self, key, _mine(state), value, label)

    def pending(self, key: ManifestKey, state: SecretState) -> AwsPending | None:
        """The deposit of the version that is pending already, or None."""
        found = state.at(Stage.PENDING)
        return AwsPending(self, key, _mine(state), found.version_id) if found else None

    def go_back(self, key: ManifestKey, state: SecretState) -> str:
        """Move AWSCURRENT to the previous version; AWS moves AWSPREVIOUS the other way.

        Raises:
            ValueMissing: there is no previous version.
            ValueRevoked: it leaked, and nobody should get it again.
            ChangedMeanwhile: the versions are no longer where `state` saw them.
        """
        previous, subject = state.at(Stage.PREVIOUS), self.subject(OPERATION, key)
        if previous is None:
            raise no_previous(subject)
        if previous.label is not None and previous.label.fate == REVOKED:
            raise previous_revoked(subject, previous.version_id)
        labels = Labels(self, key)
        found = labels.now()
        if CURRENT not in found.get(previous.version_id, ()):
            labels.mark_served(previous.version_id, found)
            current = state.current.version_id if state.current else None
            labels.serve(previous.version_id, current)
            if is_dead(found, current):
                labels.pass_previous_on(current or "", None)
        return previous.version_id

    def shut(self, key: ManifestKey, state: SecretState, version: Version, fate: str, at: str) -> None:
        """Write a version's end on its label, and take its value from readers."""
        from keyplan.stores.aws_shutting import shut

        shut(self, key, _mine(state), version.version_id, fate, at)

    def restore_secret(self, key: ManifestKey) -> str:
        """Undo the deletion of a secret whose recovery window is open."""
        if self.call("DescribeSecret", key).get("DeletedDate") is None:
            raise not_deleted(self.subject("RestoreSecret", key))
        self.call("RestoreSecret", key)
        return f"secret {key.on_aws().name} can be read again"


def _mine(state: SecretState) -> AwsState:
    if not isinstance(state, AwsState):
        raise TypeError("this is another store's state")
    return state
