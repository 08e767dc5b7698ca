"""What `keyplan put` says when it did not do all that was asked: what readers get, and where. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile, Interrupted, ValueRejected
from keyplan.stores.base import CLOUD_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keyplan.errors import KeyplanError
    from keyplan.stores.base import Version

AGAIN = "give the same value to `keyplan put` again: it stores it where it is not stored yet"


class Fate(StrEnum):
    """What readers in one cloud get, after a failure."""

    UNCHANGED = "what they got before"
    NEW = "the new value"
    FIRST = "the new value: it is the first one there, and AWS does not take a first one away"
    ANOTHER = "a value that somebody else stored at the same time"
    UNKNOWN = "the new value or what they got before: that is not known"


def failed(error: KeyplanError, fates: Mapping[str, Fate | str]) -> KeyplanError:
    """The store's error, of its own kind, with what readers get.

    Args:
        error: what a store said.
        fates: cloud -> what readers there get.
    """
    hint = f"{error.hint}; then {AGAIN}" if error.hint else AGAIN
    return type(error)(f"{error.message}\n{what_readers_get(fates)}", hint)


def interrupted(fates: Mapping[str, Fate | str]) -> Interrupted:
    """The words for Ctrl-C while the value was being stored."""
    return Interrupted(
        f"interrupted while the value was being stored\n{what_readers_get(fates)}",
        f"`keyplan status` shows what is there; {AGAIN}",
    )


def what_readers_get(fates: Mapping[str, Fate | str]) -> str:
    """One line where nothing was changed, else one for each cloud."""
    if all(fate is Fate.UNCHANGED for fate in fates.values()):
        where = " and on ".join(CLOUD_NAMES[cloud] for cloud in fates)
        return f"nothing was changed: readers on {where} get {Fate.UNCHANGED}"
    return "\n".join(f"  readers on {CLOUD_NAMES[cloud]} get {fate}" for cloud, fate in fates.items())


def has_it_already(key: str, places: Sequence[tuple[str, Version | None]]) -> ValueRejected:
    """The refusal of a value that readers get already, everywhere.

    Args:
        key: the key's name.
        places: (cloud, its current version).
    """
    told = [
        f"version {version.version_id}{f' on {CLOUD_NAMES[cloud]}' if len(places) > 1 else ''}, stored "
        f"{version.created:%Y-%m-%d} by {version.label.caller}"
        for cloud, version in places
        if version is not None and version.label is not None
    ]
    return ValueRejected(
        f"key {key} has this value already: {'; '.join(told)}; nothing was changed",
        "make a new key at the vendor, and give that one",
    )


def under_way(key: str, waiting: Mapping[str, Version]) -> ChangedMeanwhile:
    """The refusal to store a value while another one waits for its promotion.

    Args:
        key: the key's name.
        waiting: cloud -> its pending version.
    """
    cloud, version = min(waiting.items(), key=lambda item: item[1].created)
    who = version.label.caller if version.label else "somebody, not with keyplan"
    return ChangedMeanwhile(
        f"a rotation of key {key} is under way: {who} stored another value, version {version.version_id} on "
        f"{CLOUD_NAMES[cloud]}, on {version.created:%Y-%m-%d at %H:%M} UTC, and no reader gets it yet; "
        "nothing was changed",
        f"`keyplan rotate {key}` finishes that rotation, `keyplan rollback {key}` takes it back",
    )
