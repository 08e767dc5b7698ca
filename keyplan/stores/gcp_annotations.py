"""What keyplan writes into a secret's metadata on Google Cloud, and how much of it stays. Pure.

A version's annotation, `keyplan-7` = `FINGERPRINT:HINT:FATE:CALLER`, says the same as the staging label on
AWS; the aliases `current` and `previous` say what AWSCURRENT and AWSPREVIOUS say there, and `pending` what
keyplan's own staging label of that name says. `keyplan-next` says what is about to be added: a version gets
its number only by being added, and a command can be killed before it has written the number down. Everything
else among a secret's annotations and aliases is
somebody else's and stays as it is.
Source: secretmanager v1 discovery document, Secret.annotations (keys of 63 characters, less than 16 KiB
together) and Secret.versionAliases (50; checked 2026-11-21).
"""

from __future__ import annotations

import re

from keyplan.stores.labels import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.stores.labels import VersionLabel

CURRENT, PREVIOUS, PENDING = "current", "previous", "pending"
STAGES = (PENDING, CURRENT, PREVIOUS)
NEXT = "keyplan-next"
BOUND_URL = "keyplan-url"  # the annotation with the gateway or check URL, written by `pulumi up`
ANNOTATIONS_KEPT = 10
ANNOTATIONS_LIMIT_BYTES = 16 * 1024
TEXT_MAX = 246  # as long as a label on AWS
_NAME = re.compile(r"keyplan-([1-9][0-9]{0,17})")
_NEXT_TEXT = re.compile(r"(?P<newest>[0-9]{1,18})@(?P<at>[0-9]{8}T[0-9]{6}Z):(?P<label>.*)", re.DOTALL)


class Announcement:
    """What `keyplan-next` says.

    Args:
        newest: the number of the newest version by then; 0 where there was none.
        at: when, by the clock of the machine that wrote it, as `20261121T181500Z`.
        label: of the version that is about to be added.
    """

    __slots__ = ("at", "label", "newest")

    def __init__(self, newest: int, at: str, label: VersionLabel) -> None:
        self.newest = newest
        self.at = at
        self.label = label

    def __str__(self) -> str:
        """The annotation's text."""
        return f"{self.newest}@{self.at}:{text_of(self.label)}"


def announced(annotations: Mapping[str, str]) -> Announcement | None:
    """What is about to be added, or was when somebody was stopped; None where nobody said anything."""
    match = _NEXT_TEXT.fullmatch(annotations.get(NEXT, ""))
    label = None if match is None else read_text(match["label"])
    if match is None or label is None:
        return None
    return Announcement(int(match["newest"]), match["at"], label)


def text_of(label: VersionLabel) -> str:
    """The annotation's text."""
    return label.text(TEXT_MAX)


def label_in(annotations: Mapping[str, str], version: str) -> VersionLabel | None:
    """What keyplan said of a version, or None where it said nothing: it was stored by other means."""
    return read_text(annotations.get(f"keyplan-{version}", ""))


def with_label(
    annotations: Mapping[str, str], version: str, label: VersionLabel, in_use: frozenset[str]
) -> dict[str, str]:
    """The annotations with one more, and without keyplan's oldest ones where they become too many or too
    large.

    Args:
        annotations: those of the secret.
        version: what is labelled.
        label: with what.
        in_use: versions whose annotations stay.
    """
    found = {**annotations, f"keyplan-{version}": text_of(label)}
    keep = in_use | {version}
    ours = sorted((int(match[1]) for name in found if (match := _NAME.fullmatch(name))), reverse=True)
    removable = [number for number in reversed(ours) if str(number) not in keep]
    count = len(ours)
    for number in removable:
        if count <= ANNOTATIONS_KEPT and _size_bytes(found) < ANNOTATIONS_LIMIT_BYTES:
            break
        del found[f"keyplan-{number}"]
        count -= 1
    return found


def without_label(annotations: Mapping[str, str], version: str) -> dict[str, str]:
    """The annotations without what keyplan said of a version."""
    return {name: text for name, text in annotations.items() if name != f"keyplan-{version}"}


def without_announcement(annotations: Mapping[str, str], announcement: str | None) -> dict[str, str]:
    """The annotations without this one of `keyplan-next`; that of somebody else stays."""
    return {name: text for name, text in annotations.items() if name != NEXT or text != announcement}


def stages_of(aliases: Mapping[str, str]) -> dict[str, str]:
    """The aliases that are keyplan's own."""
    return {stage: aliases[stage] for stage in STAGES if stage in aliases}


def restaged(aliases: Mapping[str, str], **stages: str | None) -> dict[str, str]:
    """The aliases with some of keyplan's own moved: `restaged(aliases, current="7", pending=None)`.

    Args:
        aliases: those of the secret.
        stages: the version of each that changes; None takes it away.
    """
    changed = {**aliases, **stages}
    return {name: number for name, number in changed.items() if number is not None}


def promoted(
    aliases: Mapping[str, str], annotations: Mapping[str, str], version: str, *, is_destroyed: bool
) -> dict[str, str]:
    """The aliases after `version` was made the current one.

    What readers got before becomes the previous one, if anybody could go back to it: not where it is
    destroyed or keyplan shut it; then the one before that stays, so that it is not forgotten.

    Args:
        aliases: those of the secret.
        annotations: those of the secret.
        version: what readers get from now on.
        is_destroyed: whether what they got before is destroyed.
    """
    before = aliases.get(CURRENT)
    label = None if before is None else label_in(annotations, before)
    if before is None or before == version or is_destroyed or (label is not None and label.is_dead):
        before = aliases.get(PREVIOUS)
    return restaged(aliases, current=version, previous=before if before != version else None, pending=None)


def _size_bytes(annotations: Mapping[str, str]) -> int:
    return sum(len(name.encode()) + len(text.encode()) for name, text in annotations.items())
