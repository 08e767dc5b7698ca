"""What AWS's metadata of a secret says: its versions, their stages and its copies. Pure.

Source: Secrets Manager API reference, DescribeSecret (ReplicationStatus, Tags, VersionIdsToStages) and
ListSecretVersionIds (checked 2026-11-21).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from keyplan.stores.base import SecretState, Stage, Version
from keyplan.stores.labels import PENDING, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
# In this order: what was just promoted may carry PENDING for another moment.
STAGES = ((CURRENT, Stage.CURRENT), (PREVIOUS, Stage.PREVIOUS), (PENDING, Stage.PENDING))
# The tag in which `pulumi up` writes the URL that the value may be sent to.
URL_TAG = "keyplan:url"
IN_SYNC = "InSync"


@dataclass(frozen=True)
class AwsState(SecretState):
    """A secret's metadata, with what storing needs to make room for another label."""

    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (version id, its labels), oldest first


def state_of(described: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> AwsState:
    """The state of a secret that is not deleted.

    Args:
        described: DescribeSecret's answer.
        entries: the versions of ListSecretVersionIds.
    """
    oldest_first = sorted(entries, key=lambda entry: entry["CreatedDate"])
    versions = tuple(_version(entry) for entry in reversed(oldest_first))
    tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())}
    return AwsState(
        next((version for version in versions if version.stage is Stage.CURRENT), None),
        versions=versions,
        copies_behind=tuple(
            str(copy["Region"])
            for copy in described.get("ReplicationStatus", ())
            if copy.get("Status") != IN_SYNC
        ),
        bound_url=tags.get(URL_TAG),
        labels=tuple((entry["VersionId"], labels_of(entry)) for entry in oldest_first),
    )


def labels_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The staging labels of a version."""
    return tuple(entry.get("VersionStages") or ())


def stage_of(labels: Sequence[str]) -> Stage | None:
    """Where a version with these labels is on its way."""
    return next((stage for label, stage in STAGES if label in labels), None)


def _version(entry: Mapping[str, Any]) -> Version:
    labels = labels_of(entry)
    return Version(
        entry["VersionId"],
        entry["CreatedDate"].astimezone(UTC),
        parse(labels),
        stage_of(labels),
        # Without a label it is deprecated: AWS deletes it whenever it likes.
        is_readable=bool(labels),
    )
