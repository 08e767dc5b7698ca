"""The versions of a key that its stores still tell of: who stored each, when, and what became of it. The
twin of `keyplan history`. Metadata only: nothing here can read a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from keyplan.errors import KeyplanError, VendorError
from keyplan.rotation.forms import moment, secret_of
from keyplan.rotation.moment import standing
from keyplan.rotation.words import named, on
from keyplan.stores.base import CLOUD_NAMES
from keyplan.stores.labels import STORED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.stores.base import SecretState, Store, Version
    from keyplan.vendors.organization import Organization, VendorKey

FORMAT = "keyplan-history/1"
HEAD = ("STAGE", "STORED", "BY", "BECAME", "FINGERPRINT", "HINT", "VERSION")
VENDOR_HEAD = ("NAME AT THE VENDOR", "STATUS")
GAP = "  "


@dataclass(frozen=True)
class Past:
    """What was found: each store's versions, or why it could not be asked, and the vendor's keys."""

    states: Mapping[str, SecretState]
    errors: Mapping[str, KeyplanError]
    vendor_keys: Mapping[str, Sequence[VendorKey]] | None  # by hint; None where the vendor was not asked
    vendor_error: VendorError | None = None


def look_back(
    stores: Sequence[Store], key: ManifestKey, organization: Callable[[], Organization | None]
) -> Past:
    """Ask every store, and the vendor where a version's label has a hint and there is an admin key."""
    states: dict[str, SecretState] = {}
    errors: dict[str, KeyplanError] = {}
    for store in stores:
        try:
            states[store.cloud] = store.history(key)
        except KeyplanError as error:
            errors[store.cloud] = error
    hints = {
        version.label.hint
        for state in states.values()
        for version in state.versions
        if version.label and version.label.hint
    }
    if not hints:
        return Past(states, errors, None)
    try:
        admin = organization()
        found = None if admin is None else {hint: admin.find(hint) for hint in hints}
    except VendorError as error:
        return Past(states, errors, None, error)
    return Past(states, errors, found)


def as_document(manifest: Manifest, key: ManifestKey, past: Past) -> dict[str, Any]:
    """What `history --format json` prints (docs/commands.md). Newest versions first."""
    return {
        "format": FORMAT,
        "environment": manifest.environment,
        "key": key.name,
        "moment": standing(past.states).moment.value if past.states and not past.errors else None,
        "vendorAsked": past.vendor_keys is not None,
        "vendorError": _error_entry(past.vendor_error),
        "clouds": [
            {
                "cloud": cloud,
                "secret": secret_of(key, cloud),
                "deletedAt": moment(state.deleted) if state.deleted else None,
                "copiesBehind": list(state.copies_behind),
                "versions": [_version_entry(version, past) for version in state.versions],
                "error": None,
            }
            for cloud, state in past.states.items()
        ]
        + [
            {
                "cloud": cloud,
                "secret": secret_of(key, cloud),
                "deletedAt": None,
                "copiesBehind": [],
                "versions": [],
                "error": _error_entry(error),
            }
            for cloud, error in past.errors.items()
        ],
    }


def _error_entry(error: KeyplanError | None) -> dict[str, Any] | None:
    return None if error is None else {"message": error.message, "hint": error.hint}


def _version_entry(version: Version, past: Past) -> dict[str, Any]:
    label = version.label
    return {
        "versionId": version.version_id,
        "stage": version.stage.value if version.stage else None,
        "storedAt": moment(version.created),
        "storedBy": label.caller if label else None,
        "fate": label.fate if label else None,
        "fateAt": _at(label.at) if label else None,
        "readable": version.is_readable,
        "fingerprint": label.fingerprint if label else None,
        "hint": label.hint if label else None,
        "vendorKeys": None
        if past.vendor_keys is None or label is None or label.hint is None
        else [
            {
                "id": each.id,
                "name": each.name,
                "status": each.status,
                "workspace": each.workspace,
                "expiresAt": moment(each.expires) if each.expires else None,
            }
            for each in past.vendor_keys.get(label.hint, ())
        ],
    }


def _at(text: str | None) -> str | None:
    """`20261121T181500Z` -> `2026-11-21T18:15:00Z`."""
    if text is None:
        return None
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[9:11]}:{text[11:13]}:{text[13:15]}Z"


def as_text(manifest: Manifest, key: ManifestKey, past: Past) -> str:
    """The same for a person: a table for each store."""
    clouds = [*past.states, *past.errors]
    lines = [f"versions of key {key.name} of environment {manifest.environment}, newest first"]
    for cloud, state in past.states.items():
        if len(clouds) > 1:
            lines += ["", f"on {CLOUD_NAMES[cloud]}"]
        if state.deleted is not None:
            lines.append(f"the secret is deleted{on(cloud, clouds)}: `keyplan restore {key.name}`")
        elif not state.versions:
            lines.append("  none: nobody has stored a value yet")
        else:
            lines += _table(state.versions, past)
        if state.copies_behind:
            lines.append(f"  copies that are not yet the same: {', '.join(state.copies_behind)}")
    for cloud, error in past.errors.items():
        lines += ["", f"on {named([cloud])}: {error.message}", *([f"  {error.hint}"] if error.hint else [])]
    if past.vendor_error is not None:
        lines += ["", f"the vendor's list of keys is not there: {past.vendor_error.message}"]
    return "\n".join(lines)


def _table(versions: Sequence[Version], past: Past) -> list[str]:
    with_vendor = past.vendor_keys is not None
    rows = [(*HEAD, *(VENDOR_HEAD if with_vendor else ()))]
    rows += [
        (*_cells(version), *(_vendor_cells(version, past) if with_vendor else ())) for version in versions
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP + GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _cells(version: Version) -> tuple[str, ...]:
    label = version.label
    stage = version.stage.value if version.stage else "-"
    stored = f"{version.created.astimezone(UTC):%Y-%m-%d %H:%M}"
    return (
        stage,
        stored,
        label.caller if label else "not keyplan",
        _became(version),
        (label.fingerprint if label else None) or "-",
        (label.hint if label else None) or "-",
        version.version_id,
    )


def _became(version: Version) -> str:
    """`retired 2026-11-21`, `not readable`, or a dash where it is as it was stored."""
    label = version.label
    words = []
    if label is not None and label.fate != STORED:
        date = (_at(label.at) or "")[:10]
        words.append(f"{label.fate} {'since ' if not label.is_dead and date else ''}{date}".strip())
    if not version.is_readable:
        words.append("not readable")
    return ", ".join(words) or "-"


def _vendor_cells(version: Version, past: Past) -> tuple[str, str]:
    hint = version.label.hint if version.label else None
    found = (past.vendor_keys or {}).get(hint or "", ())
    if len(found) == 1:
        return found[0].name, found[0].status
    return (
        (f"{len(found)} keys with this hint", "-") if found else ("-", "-" if hint is None else "not listed")
    )
