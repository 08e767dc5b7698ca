"""Storing a value: the checks before it, the one call, and what is to be said after it. The twin of `keyplan
put`.

Owns the order of things and the labels; the store is given. Never reads a value from the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyplan.errors import AccessDenied, Interrupted, UsageError, ValueRejected
from keyplan.stores.labels import FINGERPRINT_MIN_VALUE_LENGTH, VersionLabel, parse, superseded
from keyplan.stores.stored_value import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyplan.manifest import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import Caller, SecretState, Store


@dataclass(frozen=True)
class Ready:
    """What is known of a secret before a value is stored in it."""

    caller: Caller
    state: SecretState


@dataclass(frozen=True)
class Stored:
    """What was done. Nothing in it is the value."""

    version_id: str | None  # None after a dry run
    fingerprint: str | None  # None where the value is so short that it could be guessed from one
    previous_version_id: str | None
    stored_by: str


def prepare(store: Store, manifest: Manifest, key: ManifestKey) -> Ready:
    """Look at the secret and at who is calling, before a person is asked for a value.

    Raises:
        UsageError: the caller is in another account. A manifest could name a secret of somebody else's that
            lets anybody write to it.
        StoreError: the secret cannot take a value: it is missing, deleted or not the caller's to see.
    """
    caller = store.caller()
    if caller.account_id != manifest.on_aws().account_id:
        raise UsageError(
            f"environment {manifest.environment} is in account {manifest.on_aws().account_id}, and your AWS "
            f"credentials are of account {caller.account_id}: nothing was stored",
            "set AWS_PROFILE to a profile of that account, or assume a role in it",
        )
    state = store.state(key)
    if state.deleted is not None:
        raise store.deleted_error(key, state)
    return Ready(caller, state)


def put(
    store: Store,
    key: ManifestKey,
    value: SecretValue,
    ready: Ready,
    *,
    dry_run: bool,
    say: Callable[[str], None],
) -> Stored:
    """Store a value that its vendor's module has accepted.

    Args:
        store: where.
        key: which key.
        value: the value.
        ready: from `prepare`.
        dry_run: check everything and store nothing.
        say: takes what a person should know although it is no failure.

    Raises:
        ValueRejected: it is the current value already, or too large.
        StoreError: the store refused.
        Interrupted: Ctrl-C while the store was being called.
    """
    encode(value, key.on_aws().json_key)  # too large is found before anything changes
    fingerprint = value.fingerprint() if len(value) >= FINGERPRINT_MIN_VALUE_LENGTH else None
    current = ready.state.current
    label_of_current = parse(current.labels) if current else None
    if current and fingerprint and label_of_current and label_of_current.fingerprint == fingerprint:
        raise ValueRejected(
            f"key {key.name} has this value already: version {current.version_id}, stored "
            f"{current.created:%Y-%m-%d} by {label_of_current.caller}; nothing was changed",
            "make a new key at the vendor, and give that one",
        )
    version_id = None
    if not dry_run:
        _make_room(store, key, ready.state, say)
        label = VersionLabel(fingerprint, ready.caller.name)
        try:
            version_id = store.put(key, value, [str(label)])
        except KeyboardInterrupt:
            raise Interrupted(
                "interrupted while the value was being stored: whether it was is not known", "keyplan status"
            ) from None
    return Stored(version_id, fingerprint, current.version_id if current else None, ready.caller.name)


def _make_room(store: Store, key: ManifestKey, state: SecretState, say: Callable[[str], None]) -> None:
    """Take keyplan's labels off old versions: all versions of a secret may have 20 labels together."""
    pairs = [(version.version_id, version.labels) for version in state.versions]
    try:
        for version_id, label in superseded(pairs):
            store.drop_label(key, version_id, label)
    except AccessDenied:
        # Storing can still work: there is room for some more.
        say(
            "note: labels of old versions stay: your AWS identity may not do "
            "secretsmanager:UpdateSecretVersionStage"
        )
