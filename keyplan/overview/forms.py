"""How an overview is shown: as a table for a person, or as JSON. Pure.

An environment that is on AWS alone is shown without a word about clouds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyplan.age import State, in_words
from keyplan.stores.base import CLOUD_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from keyplan.manifest.model import Manifest
    from keyplan.overview.rows import Row
    from keyplan.stores.base import Place, Version

FORMAT = "keyplan-status/1"
WORDS = {State.DUE_SOON: "due soon", State.NO_VALUE: "no value", State.PENDING_DELETION: "pending deletion"}
GAP = "  "
# What a key's state is when its clouds have several: the first of these.
WORST_FIRST = (
    State.UNKNOWN,
    State.DENIED,
    State.MISSING,
    State.PENDING_DELETION,
    State.REVOKED,
    State.NO_VALUE,
    State.DESTROYED,
    State.DISABLED,
    State.DIFFERS,
    State.OVERDUE,
    State.DUE_SOON,
    State.OK,
)


def render(manifest: Manifest, rows: Sequence[Row], now: datetime) -> dict[str, Any]:
    """What `--format json` prints (docs/commands.md). Dates are UTC, `2026-11-21T08:30:00Z`."""
    aws, gcp = manifest.aws, manifest.gcp
    return {
        "format": FORMAT,
        "environment": manifest.environment,
        "accountId": aws.account_id if aws else None,
        "region": aws.region if aws else None,
        **({} if gcp is None else {"projectId": gcp.project_id}),
        "checkedAt": _date(now),
        "keys": [_entry(_of_key(rows, key.name), manifest) for key in manifest.keys.values()],
    }


def _of_key(rows: Sequence[Row], name: str) -> list[Row]:
    return [row for row in rows if row.key.name == name]


def _entry(rows: Sequence[Row], manifest: Manifest) -> dict[str, Any]:
    """A key: what its worst cloud says, and with Google Cloud what each of them says."""
    row = min(rows, key=lambda one: WORST_FIRST.index(one.state))
    key = row.key
    return {
        "key": key.name,
        "vendor": key.vendor,
        "owner": key.owner,
        "secret": row.secret,
        "state": row.state.value,
        "versionId": row.version_id,
        "storedAt": _date(row.age.created) if row.age else None,
        "ageDays": _days(row),
        "rotateEvery": key.rotate_every,
        "dueAt": _date(row.age.due) if row.age else None,
        "storedBy": row.label.caller if row.label else None,
        "fingerprint": row.label.fingerprint if row.label else None,
        "deletedAt": _date(row.deleted) if row.deleted else None,
        "pending": _pending(row),
        "readers": list(manifest.readers_of(key.name)),
        "error": {"message": row.error.message, "hint": row.error.hint} if row.error else None,
        **({} if manifest.gcp is None else {"clouds": [_cloud_entry(one) for one in rows]}),
    }


def _cloud_entry(row: Row) -> dict[str, Any]:
    return {
        "cloud": row.cloud,
        "secret": row.secret,
        "state": row.state.value,
        "versionId": row.version_id,
        "storedAt": _date(row.age.created) if row.age else None,
        "ageDays": _days(row),
        "dueAt": _date(row.age.due) if row.age else None,
        "storedBy": row.label.caller if row.label else None,
        "fingerprint": row.label.fingerprint if row.label else None,
        "deletedAt": _date(row.deleted) if row.deleted else None,
        "pending": _pending(row),
        "readers": list(row.readers),
        "error": {"message": row.error.message, "hint": row.error.hint} if row.error else None,
    }


def _pending(row: Row) -> dict[str, Any] | None:
    """The version of a rotation that is under way."""
    version = row.pending
    if version is None:
        return None
    return {
        "versionId": version.version_id,
        "storedAt": _date(version.created),
        "storedBy": version.label.caller if version.label else None,
    }


def _days(row: Row) -> int | None:
    return int(row.age.age.total_seconds() // 86_400) if row.age else None


def table(manifest: Manifest, rows: Sequence[Row], places: Sequence[Place], width: int | None) -> str:
    """A header and a line a key and cloud; the two long columns go to lines of their own where `width` has no
    room.
    """
    both = len(places) > 1
    short = [_head(both), *(_short_cells(row, both) for row in rows)]
    long = [("STORED BY", "READ BY"), *(_long_cells(row) for row in rows)]
    lines = _aligned([(*a, *b) for a, b in zip(short, long, strict=True)])
    if width is not None and max(map(len, lines)) > width:
        lines = []
        for head, (stored_by, read_by) in zip(_aligned(short), long, strict=True):
            lines.append(head)
            if head is not None and len(lines) > 1:
                lines += [f"{GAP}stored by {stored_by}", f"{GAP}read by {read_by}"]
    notes = [*_notes(rows), *_rotations(manifest, rows)]
    title = f"environment {manifest.environment}: {'; '.join(place.title for place in places)}"
    return "\n".join([title, "", *lines, *([""] if notes else []), *notes])


def _head(both: bool) -> tuple[str, ...]:
    return ("KEY", *(("CLOUD",) if both else ()), "STATE", "AGE", "DUE")


def _short_cells(row: Row, both: bool) -> tuple[str, ...]:
    word = WORDS.get(row.state, row.state.value)
    first = (row.key.name, *((CLOUD_NAMES[row.cloud],) if both else ()), word)
    if row.age is None:
        return (*first, "-", "-")
    return (*first, in_words(row.age.age), f"{row.age.due:%Y-%m-%d}")


def _long_cells(row: Row) -> tuple[str, str]:
    stored_by = "-" if row.version_id is None else row.label.caller if row.label else "not keyplan"
    return stored_by, ", ".join(row.readers) or "-"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _notes(rows: Sequence[Row]) -> list[str]:
    """What is to be said about keys with a failure; what is the same for several keys once."""
    keys_of: dict[tuple[str, str | None], list[str]] = {}
    for row in rows:
        if row.error:
            common = row.error.message.removeprefix(f"key {row.key.name} of ")
            names = keys_of.setdefault((common, row.error.hint), [])
            if row.key.name not in names:  # what is said of a key's clouds is in the row of each
                names.append(row.key.name)
    lines: list[str] = []
    for (common, hint), names in keys_of.items():
        lines.append(f"{'key' if len(names) == 1 else 'keys'} {', '.join(names)} of {common}")
        lines += [f"{GAP}{hint}"] if hint else []
    return lines


def _rotations(manifest: Manifest, rows: Sequence[Row]) -> list[str]:
    """The rotations that are under way, a line for each key and one for what ends it."""
    begun: dict[str, Version] = {}
    for row in rows:
        if row.pending is not None:
            first = begun.setdefault(row.key.name, row.pending)
            begun[row.key.name] = min(first, row.pending, key=lambda version: version.created)
    lines: list[str] = []
    for name, version in begun.items():
        by = f" by {version.label.caller}" if version.label else ""
        lines.append(
            f"key {name} of environment {manifest.environment}: a new value waits since "
            f"{version.created:%Y-%m-%d %H:%M} UTC, stored{by or ' by something else'}; no reader gets it yet"
        )
        lines.append(f"{GAP}keyplan rotate {name} goes on with it")
    return lines


def _date(moment: datetime) -> str:
    from datetime import UTC

    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
