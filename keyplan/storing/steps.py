"""Storing a value in each store of an environment: the checks before it, the steps, and what is to be said
after them. The twin of `keyplan put`; a rotation takes the same steps with more between them.

Owns the order of things and the labels; the stores are given. Never reads a value from a store.

With two clouds there is no transaction, so the steps are in an order in which each failure leaves something
that can be said: every store is looked at first; each is given the value as pending, which no reader gets;
then readers get it, store by store. What was done is undone where a later step fails, and what a killed
command left is taken up by the next one that is given the same value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from keyplan.errors import ChangedMeanwhile, Interrupted, KeyplanError, Unreachable, ValueMissing
from keyplan.rotation.moment import pending_of
from keyplan.stores.labels import FINGERPRINT_MIN_VALUE_LENGTH, VersionLabel
from keyplan.storing.words import Fate, failed, has_it_already, interrupted, under_way

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keyplan.manifest.model import ManifestKey
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


AnyStep = TypeVar("AnyStep", bound="Step")


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


def in_order(steps: Iterable[AnyStep]) -> list[AnyStep]:
    """The order in which stores are given the value, and in which readers then get it.

    A store whose first value cannot be hidden comes last: when it takes the value, the others have it. Google
    Cloud comes before AWS: it refuses the second of two people by the secret's etag when they add, so that
    one of them stops before they take each other's place on AWS, where the later one wins.
    """
    return sorted(steps, key=lambda step: (step.deposit.seen_when_added, step.cloud != "gcp"))


def prepare(stores: Sequence[Store], key: ManifestKey, *, whole: bool = False) -> list[Ready]:
    """Look at each secret and at who is calling, before a person is asked for a value.

    Args:
        stores: where.
        key: which key.
        whole: look at every version that is still told of, which takes longer.

    Raises:
        UsageError: the caller is in another account.
        StoreError: a secret cannot take a value: it is missing, deleted or not the caller's to see.
    """
    ready = []
    for store in stores:
        caller = store.caller()
        state = store.history(key) if whole else store.state(key)
        if state.deleted is not None and state.trouble is not None:
            raise state.trouble.error
        ready.append(Ready(store, caller, state))
    return ready


def put(
    ready: Sequence[Ready], key: ManifestKey, value: SecretValue, *, hint: str | None = None, dry_run: bool
) -> list[Stored]:
    """Store a value that its vendor's module has accepted, in every store that does not have it.

    Args:
        ready: from `prepare`.
        key: which key.
        value: the value.
        hint: the part of the value that its vendor shows, for the label.
        dry_run: check everything and store nothing.

    Raises:
        ValueRejected: it is the current value already everywhere, or too large.
        StoreError: a store refused; the message says what readers get where.
        ChangedMeanwhile: a rotation is under way, or somebody else stored a value at the same time.
        Interrupted: Ctrl-C while the stores were being called.
    """
    for each in ready:
        each.store.check_size(key, value)  # too large is found before anything changes
    fingerprint = fingerprint_of(value)
    lacking = [each for each in ready if not each.state.holds(fingerprint)]
    if not lacking:
        raise has_it_already(key.name, [(each.store.cloud, each.state.current) for each in ready])
    waiting = {each.store.cloud: version for each in ready if (version := pending_of(each.state))}
    for version in waiting.values():
        if fingerprint is None or version.label is None or version.label.fingerprint != fingerprint:
            raise under_way(key.name, waiting)
    steps = in_order(Step(each, _deposit(each, key, value, fingerprint, hint)) for each in lacking)
    if not dry_run:
        _add_all(steps, ready)
        _promote_all(steps, ready)
    done = {step.cloud: step for step in steps}
    return [_stored(each, done.get(each.store.cloud), fingerprint) for each in ready]


def fingerprint_of(value: SecretValue) -> str | None:
    """The value's fingerprint, or None where the value is so short that it could be guessed from one."""
    return value.fingerprint() if len(value) >= FINGERPRINT_MIN_VALUE_LENGTH else None


def _deposit(
    ready: Ready, key: ManifestKey, value: SecretValue, fingerprint: str | None, hint: str | None
) -> Deposit:
    """Of a new version, or of the one with this value that waits since a command was killed."""
    pending = pending_of(ready.state)
    if pending is not None and pending.is_readable:  # else what is left of one that was being withdrawn
        waiting = ready.store.pending(key, ready.state)
        if waiting is not None:
            return waiting
    return ready.store.deposit(key, ready.state, value, VersionLabel(fingerprint, ready.caller, hint))


def _stored(ready: Ready, step: Step | None, fingerprint: str | None) -> Stored:
    current = ready.state.current
    before = current.version_id if current else None
    if step is None:
        label = current.label if current else None
        return Stored(ready.store, before, fingerprint, None, label.caller if label else ready.caller, True)
    return Stored(ready.store, step.version_id, fingerprint, before, ready.caller)


def _add_all(steps: Sequence[Step], ready: Sequence[Ready]) -> None:
    """Store the value as pending, wherever that keeps it from readers; or take it back everywhere."""
    begun: list[Step] = []
    unchanged: dict[str, Fate | str] = {each.store.cloud: Fate.UNCHANGED for each in ready}
    try:
        for step in steps:
            if not step.deposit.seen_when_added:
                begun.append(step)
                step.deposit.add()
    except KeyplanError as error:
        _withdraw(begun)
        if len(ready) == 1 and step.cloud == "aws":
            raise  # there is nothing to add to what the store's module says
        if isinstance(error, ChangedMeanwhile):
            unchanged[step.cloud] = fate_of(step)  # perhaps somebody else's value is served by now
        raise failed(error, unchanged) from None
    except KeyboardInterrupt:
        _withdraw(begun)
        raise interrupted(unchanged) from None


def _withdraw(steps: Sequence[Step]) -> None:
    """Take back what was added. Ctrl-C ends it: what stays is pending, and told by the next command."""
    try:
        for step in steps:
            step.deposit.withdraw()
    except KeyboardInterrupt:
        pass


def _promote_all(steps: Sequence[Step], ready: Sequence[Ready]) -> None:
    waiting = list(steps)
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
        if step.deposit.seen_when_added:
            step.deposit.add()
        step.version_id = step.deposit.promote()
    except KeyplanError as error:
        if len(ready) == 1 and step.deposit.seen_when_added:
            raise  # there is nothing to undo, and nothing to add to what the store's module says
        # What another store gets next depends on it, so it is asked again.
        fate = fate_of(step)
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
            if not step.deposit.seen_when_added:
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
        fate = fate_of(step)
        return Fate.UNKNOWN if isinstance(error, Unreachable) and fate is Fate.NEW else fate


def fate_of(step: Step) -> Fate:
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
    if len(ready) == 1 and ready[0].store.cloud == "aws":
        return Interrupted(
            "interrupted while the value was being stored: whether it was is not known", "keyplan status"
        )
    fates: dict[str, Fate | str] = {each.store.cloud: Fate.UNCHANGED for each in ready}
    for step in waiting[:1]:
        fates[step.cloud] = Fate.UNKNOWN
    for step in done:
        fates[step.cloud] = Fate.NEW
    return interrupted(fates)
