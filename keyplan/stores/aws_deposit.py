"""One value on its way into AWS Secrets Manager; a `keyplan.stores.base.Deposit`.

Storing and making current stay one call, PutSecretValue with AWSCURRENT among its labels, also where another
cloud takes part: AWS moves AWSCURRENT and AWSPREVIOUS together, a first version gets AWSCURRENT whatever
labels were asked for, and two calls would need a second permission and could leave an AWSPENDING behind that
a rotation function takes for its own. So this is the one store whose promotion stores, and it goes first.
Source: Secrets Manager API reference, PutSecretValue, UpdateSecretVersionStage (checked 2026-11-21).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from keyplan.errors import AccessDenied, ValueMissing
from keyplan.stores.labels import superseded
from keyplan.stores.stored_value import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.manifest import ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.aws import AwsStore
    from keyplan.stores.labels import VersionLabel


class AwsDeposit:
    """The steps; made by AwsStore.deposit."""

    def __init__(
        self,
        store: AwsStore,
        key: ManifestKey,
        value: SecretValue,
        label: VersionLabel,
        before: str | None,
        labels: Sequence[tuple[str, Sequence[str]]],
    ) -> None:
        self._store = store
        self._key = key
        self._value = value
        self._label = label
        self._before = before  # the version that is current
        self._labels = labels
        # The version's id as well. It makes the SDK's own retries store it once.
        self.version_id = str(uuid.uuid4())

    def add(self) -> None:
        """Make room: all versions of a secret may have 20 labels together."""
        try:
            for version_id, label in superseded(self._labels):
                self._store.call(
                    "UpdateSecretVersionStage", self._key, VersionStage=label, RemoveFromVersionId=version_id
                )
        except AccessDenied:
            # Storing can still work: there is room for some more.
            self._store.say(
                "note: labels of old versions stay: your AWS identity may not do "
                "secretsmanager:UpdateSecretVersionStage"
            )

    def promote(self) -> str:
        """Store the version and make it current, in one call."""
        answer = self._store.call(
            "PutSecretValue",
            self._key,
            ClientRequestToken=self.version_id,
            SecretString=encode(self._value, self._key.on_aws().json_key),
            VersionStages=["AWSCURRENT", str(self._label)],
        )
        version_id: str = answer["VersionId"]
        return version_id

    def current_version(self) -> str | None:
        """The version that AWSCURRENT is on."""
        current = self._store.state(self._key).current
        return current.version_id if current else None

    def withdraw(self) -> None:
        """Nothing was stored that could be taken back."""

    def restore(self) -> str:
        """Move AWSCURRENT back."""
        if self._before is None:
            raise ValueMissing(
                f"key {self._key.name} of environment {self._store.place.environment}: it is the first value"
            )
        self._store.call(
            "UpdateSecretVersionStage",
            self._key,
            VersionStage="AWSCURRENT",
            MoveToVersionId=self._before,
            RemoveFromVersionId=self.version_id,
        )
        return self._before
