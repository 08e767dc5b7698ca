"""What Secret Manager tells of a secret's versions, as the commands need it. Pure.

A listing costs the same request as one version, so `state` takes the newest ones from one: those that are on
their way are among them, and one that nobody was ever sent to is found without looking for it.
Source: secretmanager v1 discovery document, ListSecretVersionsResponse.versions: the newest first
(checked 2026-11-21).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from keyplan.stores.base import Stage, Version
from keyplan.stores.gcp_annotations import CURRENT, PENDING, PREVIOUS, label_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from keyplan.stores.gcp_annotations import Announcement

# As long as a command may take, and as wrong as the clock of the machine that it ran on may be.
MINUTES_APART = timedelta(minutes=10)

ENABLED, DISABLED, DESTROYED = "ENABLED", "DISABLED", "DESTROYED"
# A version that several aliases point to is at the first of these.
_STAGES = ((CURRENT, Stage.CURRENT), (PREVIOUS, Stage.PREVIOUS), (PENDING, Stage.PENDING))


def number_of(entry: Mapping[str, Any]) -> str:
    """A version's number, in an answer that describes it."""
    return str(entry["name"]).rpartition("/")[2]


def versions_in(
    entries: Iterable[Mapping[str, Any]], aliases: Mapping[str, str], annotations: Mapping[str, str]
) -> tuple[Version, ...]:
    """The versions of these entries, newest first. Args: aliases, annotations: those of the secret."""
    newest = sorted(entries, key=lambda entry: int(number_of(entry)), reverse=True)
    return tuple(_version(entry, aliases, annotations) for entry in newest)


def _version(entry: Mapping[str, Any], aliases: Mapping[str, str], annotations: Mapping[str, str]) -> Version:
    number = number_of(entry)
    stages = (stage for alias, stage in _STAGES if aliases.get(alias) == number)
    return Version(
        number,
        datetime.fromisoformat(str(entry["createTime"])),
        label_in(annotations, number),
        next(stages, None),
        entry.get("state") == ENABLED,
    )


def forgotten(versions: Sequence[Version], aliases: Mapping[str, str]) -> list[Version]:
    """The versions that could be read and that nobody was ever sent to, newest first: a command that stored
    one was killed before it could say so, or somebody added it by other means.

    Versions that were replaced are older than the current one, and no such ones.
    """
    current = int(aliases.get(CURRENT, 0))
    return [
        version
        for version in versions
        if version.is_readable
        and int(version.version_id) > current
        and version.version_id not in aliases.values()
        and version.label is None
    ]


def just_added(
    candidates: Sequence[Version], aliases: Mapping[str, str], announcement: Announcement | None
) -> Version | None:
    """The version that an announcement speaks of, where there can be no doubt: the only one that came after
    it, and within minutes.

    Args:
        candidates: from `forgotten`.
        aliases: of the secret; once `pending` points to a version, no other one is on its way.
        announcement: what was about to be added.
    """
    if announcement is None or PENDING in aliases:
        return None
    later = [version for version in candidates if int(version.version_id) > announcement.newest]
    if len(later) != 1:
        return None
    try:
        said = datetime.strptime(announcement.at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None  # somebody else wrote it, and it is no date
    if abs(later[0].created - said) > MINUTES_APART:
        return None
    return replace(later[0], label=announcement.label, stage=Stage.PENDING)
