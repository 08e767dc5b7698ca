"""Storing a value in each cloud of an environment: the checks before it, the steps, and what is to be said
after them. The twin of `keyplan put`.

Owns the order of things and the labels; the stores are given. Never reads a value from a store.

With two clouds there is no transaction, so the steps are in an order in which each failure leaves something
that can be said: every store is looked at first; those that can hold a value that no reader gets (Google
Cloud) are given it; then readers get it, in the stores whose promotion stores (AWS) before the others,
because it is the step that fails most. What was done is undone where a later step fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyplan.errors import Interrupted, KeyplanError, Unreachable, ValueMissing
from keyplan.stores.labels import FINGERPRINT_MIN_VALUE_LENGTH, VersionLabel
from keyplan.storing_words import Fate, failed, has_it_already, interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.manifest import ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import Deposit, SecretState, Store


@dataclass(frozen=True)
class Ready:
    """What is known of a secret before a value is stored in it."""

    store: Store
    caller: str
    state: SecretState


@dataclass(frozen=True)
class Stored:
    """What was done in one cloud. Nothing in it is the value."""

    store: Store
    version_id: str | None  # None after a dry run
    fingerprint: str | None  # None where the value is so short that it could be guessed from one
    previous_version_id: str | None
    stored_by: str
    was_there: bool = False  # readers here got this value before; nothing was done


@dataclass
class Step:
    """One store's part while the value is being stored."""

    ready: Ready
    deposit: Deposit
    version_id: str | None = None  # once readers get it

    @property
    def cloud(self) -> str:
        """`aws` or `gcp`."""
        return self.ready.store.cloud

    @property
    def stores_when_promoting(self) -> bool:
        """Whether `promote` is the whole work, one call that a cloud does or does not do."""
        return not self.ready.store.adds_unseen


def prepare(stores: Sequence[Store], key: ManifestKey) -> list[Ready]:
    """Look at each secret and at who is calling, before a person is asked for a value.

    Raises:
        UsageError: the caller is in another account.
        StoreError: a secret cannot take a value: it is missing, deleted or not the caller's to see.
    """
    ready = []
    for store in stores:
        caller = store.caller()
        state = store.state(key)
        if state.deleted is not None and state.trouble is not None:
            raise state.trouble.error
        ready.append(Ready(store, caller, state))
    return ready


def put(ready: Sequence[Ready], key: ManifestKey, value: SecretValue, *, dry_run: bool) -> list[Stored]:
    """Store a value that its vendor's module has accepted, in every store that does not have it.

    Args:
        ready: from `prepare`.
        key: which key.
        value: the value.
        dry_run: check everything and store nothing.

    Raises:
        ValueRejected: it is the current value already everywhere, or too large.
        StoreError: a store refused; the message says what readers get where.
        ChangedMeanwhile: somebody else stored a value at the same time.
        Interrupted: Ctrl-C while the stores were being called.
    """
    for each in ready:
        each.store.check_size(key, value)  # too large is found before anything changes
    fingerprint = value.fingerprint() if len(value) >= FINGERPRINT_MIN_VALUE_LENGTH else None
    lacking = [each for each in ready if not each.state.holds(fingerprint)]
    if not lacking:
        raise has_it_already(key.name, [(each.store.cloud, each.state.current) for each in ready])
    steps = [
        Step(each, each.store.deposit(key, each.state, value, VersionLabel(fingerprint, each.caller)))
        for each in lacking
    ]
    if not dry_run:
        _add_all(steps, ready)
        _promote_all(steps, ready)
    done = {step.cloud: step for step in steps}
    return [_stored(each, done.get(each.store.cloud), fingerprint) for each in ready]


def _stored(ready: Ready, step: Step | None, fingerprint: str | None) -> Stored:
    current = ready.state.current
    before = current.version_id if current else None
    if step is None:
        label = current.label if current else None
        return Stored(ready.store, before, fingerprint, None, label.caller if label else ready.caller, True)
    return Stored(ready.store, step.version_id, fingerprint, before, ready.caller)


def _add_all(steps: Sequence[Step], ready: Sequence[Ready]) -> None:
    begun: list[Step] = []
    try:
        try:
            for step in steps:
                begun.append(step)
                step.deposit.add()
        except KeyplanError as error:
            for step in begun:
                step.deposit.withdraw()
            if len(ready) == 1 and begun[-1].stores_when_promoting:
                raise
            raise failed(error, {each.store.cloud: Fate.UNCHANGED for each in ready}) from None
    except KeyboardInterrupt:
        raise interrupted({each.store.cloud: Fate.UNCHANGED for each in ready}) from None


def _promote_all(steps: Sequence[Step], ready: Sequence[Ready]) -> None:
    waiting = sorted(steps, key=lambda step: not step.stores_when_promoting)
    done: list[Step] = []
    try:
        while waiting:
            _promote(done, waiting, ready)
            done.append(waiting.pop(0))
    except KeyboardInterrupt:
        raise _interrupted(done, waiting, ready) from None


def _promote(done: Sequence[Step], waiting: Sequence[Step], ready: Sequence[Ready]) -> None:
    step = waiting[0]
    try:
        step.version_id = step.deposit.promote()
    except KeyplanError as error:
        if len(ready) == 1 and step.stores_when_promoting:
            raise  # there is nothing to undo, and nothing to add to what the store's module says
        # What another store gets next depends on it, so it is asked again.
        fate = _fate(step)
        if fate is not Fate.NEW:
            raise _undone(error, fate, done, waiting, ready) from None
        step.version_id = step.deposit.version_id


def _undone(
    error: KeyplanError, fate: Fate, done: Sequence[Step], waiting: Sequence[Step], ready: Sequence[Ready]
) -> KeyplanError:
    """Take back what can be taken back, and say what readers get where.

    Args:
        error: why the first of `waiting` was not promoted.
        fate: what its readers get.
        done: the steps before it.
        waiting: it, and those after it.
        ready: every store.
    """
    fates: dict[str, Fate | str] = {each.store.cloud: Fate.UNCHANGED for each in ready}
    try:
        broken, *rest = waiting
        if isinstance(error, Unreachable):
            # It may arrive yet. Disabling its version could take from readers what they get by then.
            fates[broken.cloud] = Fate.UNKNOWN
        else:
            broken.deposit.withdraw()
            fates[broken.cloud] = Fate.UNCHANGED if fate is Fate.UNKNOWN else fate  # a refusal is an answer
        for step in rest:
            step.deposit.withdraw()
        for step in done:
            fates[step.cloud] = Fate.UNKNOWN  # until it has answered
            fates[step.cloud] = _restored(step)
    except KeyboardInterrupt:
        return interrupted(fates)
    return failed(error, fates)


def _restored(step: Step) -> Fate | str:
    try:
        return f"version {step.deposit.restore()} again, as before"
    except ValueMissing:
        return Fate.FIRST
    except KeyplanError as error:
        fate = _fate(step)
        return Fate.UNKNOWN if isinstance(error, Unreachable) and fate is Fate.NEW else fate


def _fate(step: Step) -> Fate:
    """What readers get now, as far as the store can be asked."""
    before = step.ready.state.current
    try:
        now = step.deposit.current_version()
    except KeyplanError:
        return Fate.UNKNOWN
    if now is not None and now == step.deposit.version_id:
        return Fate.NEW
    return Fate.UNCHANGED if now == (before.version_id if before else None) else Fate.ANOTHER


def _interrupted(done: Sequence[Step], waiting: Sequence[Step], ready: Sequence[Ready]) -> KeyplanError:
    if len(ready) == 1 and not ready[0].store.adds_unseen:
        return Interrupted(
            "interrupted while the value was being stored: whether it was is not known", "keyplan status"
        )
    fates: dict[str, Fate | str] = {each.store.cloud: Fate.UNCHANGED for each in ready}
    for step in waiting[:1]:
        fates[step.cloud] = Fate.UNKNOWN
    for step in done:
        fates[step.cloud] = Fate.NEW
    return interrupted(fates)
