"""Moving the staging labels of one secret on AWS, each only from where it was seen.

AWS moves a label only when the version that has it is named, so each move is a compare-and-swap: of two
people, one is told. The SDK may send a move twice when an answer is lost; the second one is then refused
although the first one did the work, so after a refusal the labels are looked at before it counts.
Source: Secrets Manager API reference, UpdateSecretVersionStage (checked 2026-11-21).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile, KeyplanError
from keyplan.stores.aws_versions import CURRENT, PREVIOUS
from keyplan.stores.labels import NOTHING, PENDING, PREFIX, SERVED, VersionLabel, parse, superseded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keyplan.manifest.model import ManifestKey
    from keyplan.stores.aws_calls import AwsCalls

OPERATION = "UpdateSecretVersionStage"


class Labels:
    """The labels of one key's secret; every look is a new one."""

    def __init__(self, store: AwsCalls, key: ManifestKey) -> None:
        self._store = store
        self._key = key

    def now(self) -> Mapping[str, Sequence[str]]:
        """The labels of each version that has any."""
        labels: Mapping[str, Sequence[str]] = self._store.call("DescribeSecret", self._key).get(
            "VersionIdsToStages", {}
        )
        return labels

    def holder(self, label: str) -> str | None:
        """The version that has a label now."""
        return holder(self.now(), label)

    def move(self, label: str, to: str, seen_on: str | None) -> None:
        """Put a label on a version.

        Args:
            label: the label.
            to: the version that gets it.
            seen_on: the version that has it, as far as was seen; None where none had it.

        Raises:
            ChangedMeanwhile: another version has it.
        """
        parameters = {"RemoveFromVersionId": seen_on} if seen_on else {}
        try:
            self._store.call(OPERATION, self._key, VersionStage=label, MoveToVersionId=to, **parameters)
        except ChangedMeanwhile:
            if self.holder(label) != to:
                raise

    def take(self, label: str, version_id: str) -> None:
        """Take a label off a version; one that is not on it any more is fine."""
        try:
            self._store.call(OPERATION, self._key, VersionStage=label, RemoveFromVersionId=version_id)
        except ChangedMeanwhile:
            if self.holder(label) == version_id:
                raise

    def serve(self, version_id: str, seen_on: str | None) -> None:
        """Send readers to a version."""
        self.move(CURRENT, version_id, seen_on)

    def rewrite(self, version_id: str, label: VersionLabel, labels: Mapping[str, Sequence[str]]) -> None:
        """Put keyplan's label on a version, then take the older ones off it.

        Args:
            version_id: the version.
            label: what is to be said about it.
            labels: what `now` said.
        """
        text = str(label)
        seen_on = holder(labels, text)
        if seen_on != version_id:
            self.move(text, version_id, seen_on)
        for old in labels.get(version_id, ()):
            if old.startswith(PREFIX) and old != text:
                self.take(old, version_id)

    def mark_served(self, version_id: str, labels: Mapping[str, Sequence[str]]) -> None:
        """Write on a version that readers get it from now on."""
        label = parse(labels.get(version_id, ())) or VersionLabel(None, NOTHING)
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.rewrite(version_id, label.became(SERVED, now), labels)

    def clear_pending(self, version_id: str) -> None:
        """Take PENDING off a version that was promoted. It misleads nobody there, so no failure counts."""
        try:
            self.take(PENDING, version_id)
        except KeyplanError as error:
            self._store.report(f"label {PENDING} stays on version {version_id}: {error.message}")

    def pass_previous_on(self, version_id: str, older: str | None) -> None:
        """Take AWSPREVIOUS off a version that nobody should go back to.

        Args:
            version_id: the version.
            older: the one that had AWSPREVIOUS before; it gets it again, unless its value is dead.
        """
        found = self.now()
        if PREVIOUS not in found.get(version_id, ()):
            return
        if older is None or older not in found or is_dead(found, older):
            self.take(PREVIOUS, version_id)
        else:
            self.move(PREVIOUS, older, version_id)

    def make_room(self, labels: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Take keyplan's labels off old versions: all versions of a secret may have 20 labels together.

        Args:
            labels: (version id, its labels), oldest first.
        """
        for version_id, label in superseded(labels):
            self.take(label, version_id)


def holder(labels: Mapping[str, Sequence[str]], label: str) -> str | None:
    """The version that has a label."""
    return next((version_id for version_id, found in labels.items() if label in found), None)


def is_dead(labels: Mapping[str, Sequence[str]], version_id: str | None) -> bool:
    """Whether a version's label says that its value was retired or revoked."""
    label = parse(labels.get(version_id or "", ()))
    return label is not None and label.is_dead
