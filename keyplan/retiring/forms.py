"""What `keyplan retire` prints: as text for a person, or as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyplan.restarts.commands import lines_of
from keyplan.retiring.rule import May
from keyplan.revoking.incident import moment
from keyplan.stores.base import CLOUD_NAMES
from keyplan.vendors import vendor_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.retiring.steps import Ending, Retired
    from keyplan.vendors.organization import VendorKey

FORMAT = "keyplan-retire/1"
_VERDICTS = {
    May.NOTHING: "nothing to retire",
    May.NOW: "may be retired",
    May.WAIT: "not yet",
    May.IN_USE: "still in use",
    May.UNFINISHED: "not safe",
    May.UNSURE: "not certain",
}


def as_document(manifest: Manifest, retired: Sequence[Retired], *, dry_run: bool) -> dict[str, Any]:
    """What `--format json` prints (docs/commands.md)."""
    return {
        "format": FORMAT,
        "environment": manifest.environment,
        "dryRun": dry_run,
        "keys": [_entry(each) for each in retired],
    }


def _entry(one: Retired) -> dict[str, Any]:
    ruling = one.ruling
    return {
        "key": one.key.name,
        "verdict": None if ruling is None else ruling.may.value,
        "why": None if ruling is None else ruling.words,
        "promotedAt": moment(ruling.promoted) if ruling and ruling.promoted else None,
        "graceOverAt": moment(ruling.over) if ruling and ruling.over else None,
        "old": [
            {"fingerprint": old.fingerprint, "hint": old.hint, "versions": _ids(old.versions)}
            for old in (ruling.olds if ruling else ())
        ],
        "restarts": [restart.to_json() for restart in one.restarts],
        "retired": [_ending_entry(ending) for ending in one.endings],
        "error": None if one.error is None else {"message": one.error.message, "hint": one.error.hint},
    }


def _ids(versions: Any) -> list[dict[str, str]]:
    return [
        {"cloud": cloud, "versionId": version.version_id}
        for cloud, found in versions.items()
        for version in found
    ]


def _ending_entry(ending: Ending) -> dict[str, Any]:
    key = ending.vendor_key
    return {
        "fingerprint": ending.old.fingerprint,
        "hint": ending.old.hint,
        "vendorKey": None if key is None else {"id": key.id, "name": key.name, "status": key.status},
        "deadAtVendor": ending.is_dead,
        "byHand": ending.by_hand,
        "found": ending.error.message if ending.error else ending.words,
        "stores": {cloud: error.message if error else "shut" for cloud, error in ending.shut.items()},
    }


def as_text(manifest: Manifest, retired: Sequence[Retired], *, dry_run: bool) -> str:
    """The same for a person."""
    if not retired:
        return f"environment {manifest.environment} has no key with an old value whose grace is over"
    lines: list[str] = []
    for one in retired:
        lines += _lines(manifest, one, dry_run=dry_run)
    return "\n".join(lines)


def _lines(manifest: Manifest, one: Retired, *, dry_run: bool) -> list[str]:
    name = f"key {one.key.name} of environment {manifest.environment}"
    if one.ruling is None or one.error is not None:
        error = one.error
        if error is None:
            return []
        return [f"{name}: not looked at: {error.message}", *([f"  {error.hint}"] if error.hint else [])]
    ruling = one.ruling
    if not one.endings:
        lines = [f"{name}: {_VERDICTS[ruling.may]}: {ruling.words}"]
        if dry_run and ruling.may is May.NOW:
            lines += [f"  would retire {old.named}" for old in ruling.olds]
        lines += [f"  {ruling.hint}"] if ruling.hint else []
        return lines + lines_of(one.restarts)
    lines = [f"{name}: {ruling.words}"]
    for ending in one.endings:
        lines += _ending_lines(one.key, ending)
    return lines


def _ending_lines(key: ManifestKey, ending: Ending) -> list[str]:
    lines = [f"  the old value {ending.old.named}"]
    if ending.error is not None:
        lines.append(f"    at the vendor   not done: {ending.error.message}")
        return lines + ([f"                    {ending.error.hint}"] if ending.error.hint else [])
    if ending.by_hand:
        lines.append(f"    at the vendor   a person has to deactivate it: {ending.words}")
        return (
            lines
            + [f"                    {step}" for step in console_steps(key, ending.old.hint)]
            + [f"                    then: keyplan retire {key.name} --done-by-hand"]
        )
    lines.append(f"    at the vendor   {ending.words}")
    for cloud, error in ending.shut.items():
        ids = ", ".join(version.version_id for version in ending.old.versions[cloud])
        where = f"on {CLOUD_NAMES[cloud]}".ljust(15)
        said = f"version {ids} is retired" if error is None else f"not done: {error.message}"
        lines.append(f"    {where} {said}")
        if error is not None:
            lines.append(f"                    run `keyplan retire {key.name}` again: it goes on from here")
    return lines


def console_steps(key: ManifestKey, hint: str | None, found: Sequence[VendorKey] = ()) -> tuple[str, ...]:
    """How a person deactivates a value in the vendor's console, a step a line.

    Args:
        hint: the part of the value that the console shows.
        found: the keys that look like it in the vendor's list, where that was asked.

    Source: Claude help center, "What should I do if I suspect my API key has been compromised?" (checked
    2026-11-21).
    """
    page = vendor_named(key.vendor).KEYS_PAGE
    if page is None:
        return ("revoke it where that vendor's keys are made, and see there that it is gone",)
    which = [f"the key {one.name} ({one.id})" for one in found if one.is_active]
    looks = f"the key that is shown as …{hint}" if hint else "the key that leaked or was replaced"
    return (
        f"open {page} as an administrator of the organization",
        f"find {' or '.join(which) or looks}",
        "in its menu (three dots) choose Delete API Key; where the menu offers to disable it, that is enough",
    )
