"""Dates inside of what keyplan itself writes into the stores, moved into the past with everything else.

A version's label says since when it is served, and a tombstone when a value was revoked; the end of a grace
period is reckoned from them. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from keyplan.stores.gcp_annotations import NEXT, Announcement, announced
from keyplan.stores.labels import PREFIX, read_text
from keyplan.stores.stored_value import revoked_at, tombstone

FORM = "%Y%m%dT%H%M%SZ"
LONGEST = 4096  # the text that is read has its own limits in each store


def older_label(text: str, span: timedelta) -> str:
    """A staging label or an annotation, `span` older where it is keyplan's and has a date."""
    announcement = announced({NEXT: text})
    if announcement is not None:
        return str(Announcement(announcement.newest, _older(announcement.at, span), announcement.label))
    prefix = PREFIX if text.startswith(PREFIX) else ""
    label = read_text(text.removeprefix(prefix))
    if label is None or label.at is None:
        return text
    return prefix + label.became(label.fate, _older(label.at, span)).text(LONGEST)


def older_value(text: str, span: timedelta) -> str:
    """What is stored, `span` older where it is keyplan's tombstone."""
    at = revoked_at(text)
    return text if at is None else tombstone(_older(at, span))


def _older(at: str, span: timedelta) -> str:
    try:
        return (datetime.strptime(at, FORM).replace(tzinfo=UTC) - span).strftime(FORM)
    except ValueError:
        return at  # somebody else wrote it, and it is no date
