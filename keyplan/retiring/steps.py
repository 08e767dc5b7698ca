"""Retiring old values: deactivate each at the vendor, then shut its versions in the stores. The twin of
`keyplan retire`, and of `keyplan rotate --retire`.

Owns the order: the rule (`rule`) first, the vendor second, the stores last, so that a command that
is killed leaves nothing marked as retired that is still alive. Each step does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from keyplan.errors import KeyplanError
from keyplan.parallel import for_each
from keyplan.restarts.commands import restarts_of
from keyplan.retiring.rule import HOUR, RECENT, May, Ruling, Uses, ceil, floor, olds_of, rule, stamp
from keyplan.stores.labels import RETIRED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.restarts.commands import Restart
    from keyplan.stores.base import SecretState, Store
    from keyplan.stores.one_value import OneValue
    from keyplan.vendors.organization import Organization, VendorKey

# The usage report by the hour has 168 buckets a page; a longer time is asked for by the day, in one page.
HOURLY = timedelta(hours=167)
OLDEST = timedelta(days=30)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Options:
    """What was asked for beside the keys."""

    despite_use: bool = False
    done_by_hand: bool = False  # a person deactivated the old keys in the vendor's console
    dry_run: bool = False


@dataclass
class Ending:
    """What became of one old value."""

    old: OneValue
    vendor_key: VendorKey | None = None
    is_dead: bool = False  # at the vendor, by us, before us, or as the person says
    words: str = ""  # what was found at the vendor
    by_hand: bool = False  # a person has to deactivate it
    error: KeyplanError | None = None  # the vendor's
    shut: dict[str, KeyplanError | None] = field(default_factory=dict)  # cloud -> what its store said


@dataclass
class Retired:
    """What was found, and done, for one key."""

    key: ManifestKey
    ruling: Ruling | None = None  # None: it could not be looked at
    endings: list[Ending] = field(default_factory=list)
    error: KeyplanError | None = None
    restarts: list[Restart] = field(default_factory=list)  # of its readers, where the old value is in use

    @property
    def is_refused(self) -> bool:
        """Whether a store or the vendor refused, or gave no answer."""
        return self.error is not None or any(
            ending.error is not None or any(ending.shut.values()) for ending in self.endings
        )

    @property
    def is_for_a_person(self) -> bool:
        """Whether somebody has to act."""
        found = self.ruling is not None and self.ruling.may.is_finding
        return found or any(ending.by_hand for ending in self.endings)


def retire(
    stores: Sequence[Store],
    manifest: Manifest,
    keys: Sequence[ManifestKey],
    now: datetime,
    organization: Organization | None,
    options: Options,
) -> list[Retired]:
    """Retire what may be retired, key by key; what fails for one key does not stop the others.

    Args:
        stores: every store of the environment.
        keys: which keys to look at.
        now: the moment (aware).
        organization: the vendor's Admin API, or None without an admin key.
        options: what was asked for.
    """
    looked = for_each(keys, lambda: lambda key: _look(stores, key)) if keys else []
    found: list[tuple[ManifestKey, dict[str, SecretState]]] = []
    done: dict[str, Retired] = {}
    for key, states in zip(keys, looked, strict=True):
        if isinstance(states, KeyplanError):
            done[key.name] = Retired(key, error=states)
        else:
            found.append((key, states))
    served = _served(stores, manifest, found) if any(olds_of(states) for _, states in found) else {}
    for key, states in found:
        elsewhere = {print_: name for print_, name in served.items() if name != key.name}
        done[key.name] = _retire_one(stores, key, states, now, organization, elsewhere, options)
        if (ruling := done[key.name].ruling) is not None and ruling.may is May.IN_USE:
            done[key.name].restarts = restarts_of(manifest, key.name, now)
    return [done[key.name] for key in keys]


def _look(stores: Sequence[Store], key: ManifestKey) -> dict[str, SecretState] | KeyplanError:
    try:
        return {store.cloud: store.history(key) for store in stores}
    except KeyplanError as error:
        return error


def _served(
    stores: Sequence[Store],
    manifest: Manifest,
    found: Sequence[tuple[ManifestKey, Mapping[str, SecretState]]],
) -> dict[str, str]:
    """fingerprint -> a key whose readers get that value. One value under two names is a mistake, and retiring
    it under one of them would break the other; a key that cannot be looked at is taken for another value.
    """
    known = {key.name: dict(states) for key, states in found}
    vendors = {key.vendor for key, _ in found}
    rest = [
        (key, store)
        for key in manifest.keys.values()
        if key.name not in known and key.vendor in vendors
        for store in stores
    ]
    for (key, store), state in zip(rest, for_each(rest, lambda: _state_or_none) if rest else [], strict=True):
        if state is not None:
            known.setdefault(key.name, {})[store.cloud] = state
    return {
        state.current.label.fingerprint: name
        for name, states in known.items()
        for state in states.values()
        if state.current is not None and state.current.label and state.current.label.fingerprint
    }


def _state_or_none(item: tuple[ManifestKey, Store]) -> SecretState | None:
    key, store = item
    try:
        return store.state(key)
    except KeyplanError:
        return None


def _retire_one(
    stores: Sequence[Store],
    key: ManifestKey,
    states: dict[str, SecretState],
    now: datetime,
    organization: Organization | None,
    elsewhere: Mapping[str, str],
    options: Options,
) -> Retired:
    try:
        ruling = rule(key, states, now, None, elsewhere, despite_use=options.despite_use)
        organization = organization if key.vendor == "anthropic" else None
        if organization is not None and ruling.may in (May.WAIT, May.NOW):
            uses = uses_of(organization, states, ruling, now)
            ruling = rule(key, states, now, uses, elsewhere, despite_use=options.despite_use)
        done = Retired(key, ruling)
        by_hand = options.done_by_hand and ruling.may in (May.NOW, May.WAIT, May.IN_USE, May.UNSURE)
        if (ruling.may is May.NOW or by_hand) and not options.dry_run:
            at = stamp(now)
            for old in ruling.olds:
                done.endings.append(_end(stores, key, old, organization, at, by_hand=options.done_by_hand))
        return done
    except KeyplanError as error:
        return Retired(key, error=error)


def uses_of(
    organization: Organization, states: Mapping[str, SecretState], ruling: Ruling, now: datetime
) -> Uses | None:
    """When a key's values were used, as far as the rule needs it; None where the vendor's list does not tell
    one of them for certain.

    Raises:
        VendorError: the list or the report could not be had.
    """
    if ruling.promoted is None or ruling.over is None:
        return None
    wanted = ruling.promoted if now < ruling.over else min(ruling.over, now - RECENT)
    step = HOUR if now - wanted < HOURLY else DAY
    labels = [state.current.label for state in states.values() if state.current is not None]
    hints = {old.hint for old in ruling.olds} | {label.hint for label in labels if label is not None}
    matches = {hint: organization.find(hint) for hint in hints}
    if any(len(found) != 1 for found in matches.values()):
        return None
    # The same question for every key: the report may be asked for once a minute.
    since = floor(now - (HOURLY if step == HOUR else OLDEST), step)
    used = organization.usage(since, ceil(now, step), "1h" if step == HOUR else "1d")
    last = {
        hint: used[found[0].id].last - step
        for hint, found in matches.items()
        if hint is not None and found[0].id in used
    }
    return Uses(step, last)


def _end(
    stores: Sequence[Store],
    key: ManifestKey,
    old: OneValue,
    organization: Organization | None,
    at: str,
    *,
    by_hand: bool,
) -> Ending:
    """One old value: first dead at the vendor, then shut in the stores."""
    ending = Ending(old)
    if by_hand:
        ending.is_dead, ending.words = True, "a person deactivated it, as you say"
    else:
        _deactivate(ending, organization)
    if ending.is_dead:
        for store in stores:
            if store.cloud in old.versions:
                ending.shut[store.cloud] = _shut(store, key, old, at)
    return ending


def _deactivate(ending: Ending, organization: Organization | None) -> None:
    """Deactivate it at the vendor, or say why a person has to."""
    if organization is None:
        ending.by_hand, ending.words = True, "there is no admin key to deactivate it with"
        return
    try:
        found = organization.find(ending.old.hint)
        if len(found) != 1:
            ending.by_hand, ending.words = True, not_one(ending.old.hint, found)
            return
        ending.vendor_key = found[0]
        if found[0].is_active:
            ending.vendor_key = organization.set_status(found[0].id, "inactive")
            ending.words = f"deactivated {named(found[0])}"
        else:
            ending.words = f"{named(found[0])} was {found[0].status} already"
        ending.is_dead = True
    except KeyplanError as error:
        ending.error = error


def _shut(store: Store, key: ManifestKey, old: OneValue, at: str) -> KeyplanError | None:
    try:
        for version in old.versions[store.cloud]:
            # Looked at anew: a version shut before has changed the secret, and what a change refers to.
            store.shut(key, store.history(key), version, RETIRED, at)
    except KeyplanError as error:
        return error
    return None


def named(key: VendorKey) -> str:
    """`prod-chat-api-key (apikey_01…)`."""
    return f"{key.name or 'a key without a name'} ({key.id})"


def not_one(hint: str | None, found: Iterable[VendorKey]) -> str:
    """Why the vendor's list does not tell which key it is."""
    listed = ", ".join(f"{named(key)}, {key.status}" for key in found)
    if hint is None:
        return "nothing beside it says which key of the vendor's list it is"
    if not listed:
        return f"the admin key's organization has no key that looks like {hint}"
    return f"several keys look like {hint} in the vendor's list: {listed}"
