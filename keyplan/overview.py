"""What is known of every key of an environment, and how it is shown. The twin of `keyplan status`.

`look` asks the store; the rest is pure. Metadata only: nothing here can read a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from keyplan.age import Age, State, age_of, in_words
from keyplan.durations import Duration
from keyplan.errors import AccessDenied, KeyplanError, SecretMissing
from keyplan.parallel import for_each
from keyplan.stores.labels import VersionLabel, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.manifest import Manifest, ManifestKey
    from keyplan.stores.aws_errors import Place
    from keyplan.stores.base import Store

FORMAT = "keyplan-status/1"
WORDS = {State.DUE_SOON: "due soon", State.NO_VALUE: "no value", State.PENDING_DELETION: "pending deletion"}
GAP = "  "


@dataclass(frozen=True)
class Row:
    """One key."""

    key: ManifestKey
    readers: tuple[str, ...]
    state: State
    age: Age | None = None  # of the current value
    version_id: str | None = None
    label: VersionLabel | None = None  # None where something else than keyplan stored the value
    deleted: datetime | None = None
    error: KeyplanError | None = None


def look(store: Store, manifest: Manifest, now: datetime) -> list[Row]:
    """Every key, in the manifest's order, several at a time. A key that cannot be looked at says why."""
    return for_each(list(manifest.keys.values()), lambda: lambda key: _row(store, manifest, key, now))


def _row(store: Store, manifest: Manifest, key: ManifestKey, now: datetime) -> Row:
    readers = manifest.readers_of(key.name)
    try:
        state = store.state(key)
    except AccessDenied as error:
        return Row(key, readers, State.DENIED, error=error)
    except SecretMissing as error:
        return Row(key, readers, State.MISSING, error=error)
    except KeyplanError as error:
        return Row(key, readers, State.UNKNOWN, error=error)
    if state.deleted is not None:
        return Row(
            key, readers, State.PENDING_DELETION, deleted=state.deleted, error=store.deleted_error(key, state)
        )
    if state.current is None:
        return Row(key, readers, State.NO_VALUE)
    age = age_of(
        state.current.created, now, Duration.parse(key.rotate_every), Duration.parse(key.remind_before)
    )
    return Row(key, readers, age.state, age, state.current.version_id, parse(state.current.labels))


def render(manifest: Manifest, rows: Sequence[Row], now: datetime) -> dict[str, Any]:
    """What `--format json` prints (docs/commands.md). Dates are UTC, `2026-11-21T08:30:00Z`."""
    return {
        "format": FORMAT,
        "environment": manifest.environment,
        "accountId": manifest.on_aws().account_id,
        "region": manifest.on_aws().region,
        "checkedAt": _date(now),
        "keys": [_entry(row) for row in rows],
    }


def _entry(row: Row) -> dict[str, Any]:
    return {
        "key": row.key.name,
        "vendor": row.key.vendor,
        "owner": row.key.owner,
        "secret": row.key.on_aws().name,
        "state": row.state.value,
        "versionId": row.version_id,
        "storedAt": _date(row.age.created) if row.age else None,
        "ageDays": int(row.age.age.total_seconds() // 86_400) if row.age else None,
        "rotateEvery": row.key.rotate_every,
        "dueAt": _date(row.age.due) if row.age else None,
        "storedBy": row.label.caller if row.label else None,
        "fingerprint": row.label.fingerprint if row.label else None,
        "deletedAt": _date(row.deleted) if row.deleted else None,
        "readers": list(row.readers),
        "error": {"message": row.error.message, "hint": row.error.hint} if row.error else None,
    }


def table(manifest: Manifest, rows: Sequence[Row], place: Place, width: int | None) -> str:
    """A header and a line a key; the two long columns go to lines of their own where `width` has no room."""
    short = [("KEY", "STATE", "AGE", "DUE"), *(_short_cells(row) for row in rows)]
    long = [("STORED BY", "READ BY"), *(_long_cells(row) for row in rows)]
    lines = _aligned([(*a, *b) for a, b in zip(short, long, strict=True)])
    if width is not None and max(map(len, lines)) > width:
        lines = []
        for head, (stored_by, read_by) in zip(_aligned(short), long, strict=True):
            lines.append(head)
            if head is not None and len(lines) > 1:
                lines += [f"{GAP}stored by {stored_by}", f"{GAP}read by {read_by}"]
    notes = _notes(rows)
    title = f"environment {manifest.environment}: account {manifest.on_aws().account_id}, {place.host}"
    return "\n".join([title, "", *lines, *([""] if notes else []), *notes])


def _short_cells(row: Row) -> tuple[str, str, str, str]:
    word = WORDS.get(row.state, row.state.value)
    if row.age is None:
        return row.key.name, word, "-", "-"
    return row.key.name, word, in_words(row.age.age), f"{row.age.due:%Y-%m-%d}"


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
            keys_of.setdefault((common, row.error.hint), []).append(row.key.name)
    lines: list[str] = []
    for (common, hint), names in keys_of.items():
        lines.append(f"{'key' if len(names) == 1 else 'keys'} {', '.join(names)} of {common}")
        lines += [f"{GAP}{hint}"] if hint else []
    return lines


def _date(moment: datetime) -> str:
    from datetime import UTC

    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
