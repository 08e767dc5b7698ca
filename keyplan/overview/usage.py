"""The catalogue's keys beside the vendor's own list of keys and what each was used for. Pure.

Owns which difference is a finding. The list and the report come from the vendor's Admin API
(`vendors.organization`), what is stored from `rows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from keyplan.names import follows_scheme, vendor_key_is_for, vendor_key_name
from keyplan.vendors import vendor_named
from keyplan.vendors.organization_pages import DEFAULT_WORKSPACE, same_hint

if TYPE_CHECKING:
    from datetime import datetime

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.overview.rows import Row
    from keyplan.stores.labels import VersionLabel
    from keyplan.vendors.organization_pages import Usage, VendorKey

VENDOR = "anthropic"
IDLE_DAYS = 30


class Odd(StrEnum):
    """What can be odd about a key; the gravest first."""

    STILL_ACTIVE = "still-active"  # revoked or retired in the stores, and alive
    NOT_AT_VENDOR = "not-at-vendor"  # readers get a value that the vendor's list does not have
    NOT_ACTIVE = "not-active"  # readers get a value that the vendor has deactivated, or that has expired
    EXPIRES_EARLY = "expires-early"  # it ends at the vendor before it is due
    OTHER_WORKSPACE = (
        "other-workspace"  # it belongs to, or was used in, another workspace than the catalogue's
    )
    NOT_IN_CATALOGUE = "not-in-catalogue"  # active, named as one of this environment's, and no key's
    IDLE = "idle"  # nobody used it in IDLE_DAYS
    ONE_WORKSPACE = "one-workspace"  # of no workspace, and used in one only
    OTHER_NAME = "other-name"  # not named by the scheme
    UNCLEAR = "unclear"  # nothing tells which key of the list it is


@dataclass(frozen=True)
class Finding:
    """Something that a person should look at."""

    odd: Odd
    words: str
    todo: str
    key: str | None = None  # the catalogue's
    vendor_key: str | None = None  # the vendor's id


@dataclass(frozen=True)
class Used:
    """One value that readers get, and what the vendor knows of it."""

    key: ManifestKey
    clouds: tuple[str, ...]  # where readers get it
    hint: str | None
    vendor_key: VendorKey | None
    usage: Usage | None  # None: no use in IDLE_DAYS


@dataclass(frozen=True)
class UsageReport:
    """The join."""

    used: tuple[Used, ...]
    findings: tuple[Finding, ...]
    others: tuple[VendorKey, ...]  # active, of no key here, and not named as one of this environment's


def join(
    manifest: Manifest,
    rows: Sequence[Row],
    keys: Sequence[VendorKey],
    usage: Mapping[str, Usage],
    now: datetime,
) -> UsageReport:
    """Every catalogue key of the vendor beside its entry in the vendor's list.

    Args:
        manifest: the environment.
        rows: from `overview.look`.
        keys: every key of the organization.
        usage: what each was used for in the last IDLE_DAYS, by its id.
        now: the moment (aware).
    """
    used: list[Used] = []
    findings: list[Finding] = []
    for key in manifest.keys.values():
        if key.vendor == VENDOR:
            served = [row for row in rows if row.key.name == key.name and row.version_id is not None]
            for each, found in _values(key, served, keys, usage):
                used.append(each)
                findings += _about(manifest, each, found, served, now)
    mine = [row for row in rows if row.key.vendor == VENDOR]
    # What waits and what was current before is no stranger, as long as nobody ended it.
    known = {label.hint for row in mine for label in _labels(row) if not label.is_dead}
    strangers = [
        one for one in keys if one.is_active and not any(same_hint(one.hint, hint) for hint in known)
    ]
    said: set[tuple[str, str]] = set()
    for row in mine:
        findings += _still_active(row, strangers, said)
    ended = {vendor_key for _, vendor_key in said}
    strangers = [one for one in strangers if one.id not in ended]
    ours = [one for one in strangers if _is_of(manifest, one)]
    findings += [_not_in_catalogue(manifest, one, usage.get(one.id)) for one in ours]
    order = list(Odd)
    return UsageReport(
        tuple(used),
        tuple(sorted(findings, key=lambda finding: order.index(finding.odd))),
        tuple(one for one in strangers if one not in ours),
    )


def _values(
    key: ManifestKey, rows: Sequence[Row], keys: Sequence[VendorKey], usage: Mapping[str, Usage]
) -> Iterator[tuple[Used, list[VendorKey]]]:
    """The different values that readers of a key get, with the entries that each can be."""
    clouds_of: dict[str | None, list[str]] = {}
    for row in rows:
        clouds_of.setdefault(row.label.hint if row.label else None, []).append(row.cloud)
    for hint, clouds in clouds_of.items():
        found = [one for one in keys if same_hint(one.hint, hint)]
        one = found[0] if len(found) == 1 else None
        yield Used(key, tuple(clouds), hint, one, usage.get(one.id) if one else None), found


def _labels(row: Row) -> Iterator[VersionLabel]:
    """What is written beside every version that the store tells of."""
    versions = row.seen.versions if row.seen else ()
    yield from (label for label in (row.label, *(one.label for one in versions)) if label is not None)


def _still_active(row: Row, strangers: Sequence[VendorKey], said: set[tuple[str, str]]) -> Iterator[Finding]:
    """What was retired or revoked here, and can still be used. Each once, however many clouds had it."""
    for label in _labels(row):
        for one in strangers if label.is_dead else ():
            if same_hint(one.hint, label.hint) and (row.key.name, one.id) not in said:
                said.add((row.key.name, one.id))
                yield Finding(
                    Odd.STILL_ACTIVE,
                    f"{one.name} was {label.fate} in the stores, and is active at the vendor: it can be used",
                    f"deactivate it at {vendor_named(row.key.vendor).KEYS_PAGE}",
                    row.key.name,
                    one.id,
                )


def _about(
    manifest: Manifest, used: Used, found: Sequence[VendorKey], rows: Sequence[Row], now: datetime
) -> Iterator[Finding]:
    key, one = used.key, used.vendor_key
    if used.hint is None or len(found) > 1:
        why = (
            f"{len(found)} keys look like {used.hint} in the vendor's list"
            if used.hint
            else "the value was not stored by keyplan, so nothing tells which key of the list it is"
        )
        todo = f"keyplan verify {key.name} asks the vendor about the value itself"
        yield Finding(Odd.UNCLEAR, why, todo, key.name)
        return
    if one is None:
        yield Finding(
            Odd.NOT_AT_VENDOR,
            f"readers get {used.hint}, which is no key of the admin key's organization",
            f"keyplan verify {key.name}; keyplan rotate {key.name} if it is dead",
            key.name,
        )
        return
    if not one.is_active:
        yield Finding(
            Odd.NOT_ACTIVE,
            f"readers get {used.hint}, and the vendor has it as {one.status}: their requests fail",
            f"keyplan rotate {key.name}, or activate {one.name} in the console",
            key.name,
            one.id,
        )
    yield from _expiry(used, one, rows)
    yield from _workspaces(used, one)
    yield from _idle(used, one, rows, now)
    if not follows_scheme(one.name, manifest.environment, manifest.consumers, manifest.keys):
        wanted = vendor_key_name(
            manifest.environment, vendor_key_is_for(key.name, manifest.readers_of(key.name))
        )
        yield Finding(
            Odd.OTHER_NAME,
            f"it is called {one.name or 'nothing'} at the vendor",
            f"rename it there to {wanted}, so that whoever sees the list knows whose it is",
            key.name,
            one.id,
        )


def _expiry(used: Used, one: VendorKey, rows: Sequence[Row]) -> Iterator[Finding]:
    dues = [row.age.due for row in rows if row.age is not None and row.cloud in used.clouds]
    if one.expires is not None and one.is_active and dues and one.expires < min(dues):
        yield Finding(
            Odd.EXPIRES_EARLY,
            f"it ends at the vendor on {one.expires:%Y-%m-%d}, before it is due on {min(dues):%Y-%m-%d}: the "
            "reminder would come too late",
            f"keyplan rotate {used.key.name} before that, and make keys without an earlier end",
            used.key.name,
            one.id,
        )


def _workspaces(used: Used, one: VendorKey) -> Iterator[Finding]:
    wanted = used.key.workspace
    seen = {name for name in (used.usage.workspaces if used.usage else ()) if name != DEFAULT_WORKSPACE}
    if wanted is not None:
        others = ({one.workspace} if one.workspace else set()) | seen
        others -= {wanted}
        if others:
            yield Finding(
                Odd.OTHER_WORKSPACE,
                f"the catalogue has it in {wanted}, and it is of or was used in {', '.join(sorted(others))}",
                "correct the catalogue's `workspace`, or rotate to a key of that workspace",
                used.key.name,
                one.id,
            )
    elif one.workspace is None and len(seen) == 1 and used.usage and len(used.usage.workspaces) == 1:
        yield Finding(
            Odd.ONE_WORKSPACE,
            f"it is of no workspace, and {next(iter(seen))} alone uses it",
            "rotate to a key of that workspace, which can do less where it leaks",
            used.key.name,
            one.id,
        )


def _idle(used: Used, one: VendorKey, rows: Sequence[Row], now: datetime) -> Iterator[Finding]:
    """A key that is younger than IDLE_DAYS has had no time to be idle."""
    created = [row.age.created for row in rows if row.age is not None and row.cloud in used.clouds]
    if used.usage is None and one.is_active and created and now - min(created) >= timedelta(days=IDLE_DAYS):
        yield Finding(
            Odd.IDLE,
            f"nobody used it in {IDLE_DAYS} days",
            "if nobody needs it: take it out of the catalogue, and deactivate it at the vendor",
            used.key.name,
            one.id,
        )


def _is_of(manifest: Manifest, one: VendorKey) -> bool:
    """Whether its name says that it is this environment's."""
    return one.name.startswith(f"{manifest.environment}-")


def _not_in_catalogue(manifest: Manifest, one: VendorKey, usage: Usage | None) -> Finding:
    use = "is not used" if usage is None else f"was used until {usage.last:%Y-%m-%d}"
    return Finding(
        Odd.NOT_IN_CATALOGUE,
        f"{one.name} is active at the vendor, is no key of environment {manifest.environment}, and {use}",
        "find out who made it, on "
        f"{one.created:%Y-%m-%d}; deactivate it, or store it with keyplan rotate if it was meant for a key",
        None,
        one.id,
    )
