"""How it is shown what was verified: as a table for a person, or as JSON. Pure; never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyplan.stores.base import CLOUD_NAMES, Stage
from keyplan.vendors.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from keyplan.manifest.model import Manifest
    from keyplan.stores.base import Place
    from keyplan.verifying.asking import Row

FORMAT = "keyplan-verify/1"
_NOT_USABLE = (Verdict.DEAD, Verdict.FORBIDDEN, Verdict.ELSEWHERE)
GAP = "  "
NONE = "-"


def render(manifest: Manifest, rows: Sequence[Row], now: datetime) -> dict[str, Any]:
    """What `--format json` prints (docs/vendors.md). Dates are UTC, `2026-11-21T08:30:00Z`."""
    return {
        "format": FORMAT,
        "environment": manifest.environment,
        "checkedAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "values": [_entry(row) for row in rows],
    }


def _entry(row: Row) -> dict[str, Any]:
    answer = row.answer
    return {
        "key": row.key.name,
        "vendor": row.key.vendor,
        "cloud": row.cloud,
        "stage": row.stage.value,
        "versionId": row.version_id,
        "found": row.found,
        "finding": row.is_finding,
        "fingerprint": row.fingerprint,
        "differs": row.differs,
        "copiesBehind": list(row.copies_behind),
        "words": answer.words if answer else None,
        "organization": answer.organization if answer else None,
        "workspace": answer.workspace if answer else None,
        "requestId": answer.request_id if answer else None,
        "seconds": round(answer.seconds, 3) if answer else None,
        "error": {"message": row.error.message, "hint": row.error.hint} if row.error else None,
    }


def table(manifest: Manifest, rows: Sequence[Row], places: Sequence[Place]) -> str:
    """A header, a line for each value, and below them what is to be said."""
    both = len(places) > 1
    cells = [_head(both), *(_cells(row, both) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    notes = _notes(manifest, rows)
    title = f"environment {manifest.environment}: {'; '.join(place.title for place in places)}"
    return "\n".join([title, "", *lines, *([""] if notes else []), *notes])


def _head(both: bool) -> tuple[str, ...]:
    return ("KEY", *(("CLOUD",) if both else ()), "STAGE", "FOUND", "FINGERPRINT", "WORKSPACE")


def _cells(row: Row, both: bool) -> tuple[str, ...]:
    workspace = row.answer.workspace if row.answer else None
    return (
        row.key.name,
        *((CLOUD_NAMES[row.cloud],) if both else ()),
        row.stage.value,
        row.found.replace("-", " "),
        row.fingerprint or NONE,
        workspace or NONE,
    )


def _way_out(row: Row) -> str:
    """The next command, where readers get, or are about to get, a value that is of no use to them."""
    name = row.key.name
    if row.stage is Stage.PENDING:
        return f"keyplan rollback {name} takes it back, before any reader gets it"
    return f"keyplan rotate {name} brings a new one"


def _notes(manifest: Manifest, rows: Sequence[Row]) -> list[str]:
    """What is to be said beyond a word, each thing once."""
    notes: dict[str, None] = {}
    for row in rows:
        named = f"key {row.key.name} of environment {manifest.environment}"
        if row.stage is Stage.PENDING:
            named += ", the pending value"
        if row.error is not None:
            notes[row.error.message] = None
            if row.error.hint:
                notes[f"{GAP}{row.error.hint}"] = None
        elif row.answer is not None and row.answer.words != "alive":
            notes[f"{named}: {row.answer.words}"] = None
            if row.found in _NOT_USABLE:
                notes[f"{GAP}{_way_out(row)}"] = None
        if row.differs:
            notes[f"{named}: its clouds hold different values"] = None
            notes[f"{GAP}keyplan rotate {row.key.name} goes on with the newer one"] = None
        if row.copies_behind:
            notes[f"{named}: the copies in {', '.join(row.copies_behind)} are behind"] = None
    return list(notes)
