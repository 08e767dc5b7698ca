"""What `keyplan put` writes into a secret's metadata on Google Cloud, and how much of it stays. Pure.

A version's annotation, `keyplan-7` = `FINGERPRINT:HINT:FATE:CALLER`, says the same as the staging label on
AWS, and the aliases `current` and `previous` what AWSCURRENT and AWSPREVIOUS say there. Everything else among
a secret's annotations and aliases is somebody else's and stays as it is.
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

CURRENT, PREVIOUS = "current", "previous"
ANNOTATIONS_KEPT = 10
ANNOTATIONS_LIMIT_BYTES = 16 * 1024
TEXT_MAX = 246  # as long as a label on AWS
_NAME = re.compile(r"keyplan-([1-9][0-9]{0,17})")


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


def moved(aliases: Mapping[str, str], version: str, previous: str | None) -> dict[str, str]:
    """The aliases after `version` was made the current one.

    Args:
        aliases: those of the secret.
        version: what readers get from now on.
        previous: what they got before; None where there was nothing that they could have got.
    """
    found = {name: number for name, number in aliases.items() if name not in (CURRENT, PREVIOUS)}
    return {**found, CURRENT: version, **({} if previous is None else {PREVIOUS: previous})}


def _size_bytes(annotations: Mapping[str, str]) -> int:
    return sum(len(name.encode()) + len(text.encode()) for name, text in annotations.items())
