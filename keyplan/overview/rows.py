"""What is known of every key of an environment: a row for each cloud that holds it. With `forms` the
twin of `keyplan status`.

Metadata only: nothing here can read a value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from keyplan.age import Age, State, age_of
from keyplan.durations import Duration
from keyplan.errors import AccessDenied, Findings, KeyplanError, SecretMissing
from keyplan.parallel import for_each
from keyplan.rotation.moment import Next, pending_of, standing
from keyplan.stores.base import CLOUD_NAMES
from keyplan.stores.labels import VersionLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.stores.base import SecretState, Store, Version


@dataclass(frozen=True)
class Row:
    """One key in one cloud."""

    key: ManifestKey
    readers: tuple[str, ...]
    state: State
    age: Age | None = None  # of the current value
    version_id: str | None = None
    label: VersionLabel | None = None  # None where something else than keyplan stored the value
    deleted: datetime | None = None
    error: KeyplanError | None = None
    cloud: str = "aws"
    pending: Version | None = None  # stored by a rotation that has not promoted it yet
    seen: SecretState | None = None  # what the store said

    @property
    def secret(self) -> str:
        """The secret's name in this cloud."""
        return self.key.on_gcp().name if self.cloud == "gcp" else self.key.on_aws().name


def look(stores: Sequence[Store], manifest: Manifest, now: datetime) -> list[Row]:
    """Every key, in the manifest's order, several at a time. A key that cannot be looked at says why."""
    keys = list(manifest.keys.values())
    surveyed = for_each(stores, lambda: lambda store: _survey(store, keys))
    failed = {store.cloud: error for store, error in zip(stores, surveyed, strict=True) if error}
    work = [(key, store) for key in keys for store in stores]

    def row(item: tuple[ManifestKey, Store]) -> Row:
        key, store = item
        readers = _readers(manifest, key.name, store.cloud)
        if (
            store.cloud in failed
        ):  # what failed for all at once would fail for each, after all the waits again
            return _failed(key, readers, failed[store.cloud], store.cloud)
        return _row(store, key, readers, now)

    return [_noted(each) for each in _compared(manifest.environment, for_each(work, lambda: row))]


def _survey(store: Store, keys: Sequence[ManifestKey]) -> KeyplanError | None:
    try:
        store.survey(keys)
    except KeyplanError as error:
        return error
    return None


def _readers(manifest: Manifest, key: str, cloud: str) -> tuple[str, ...]:
    return tuple(name for name in manifest.readers_of(key) if manifest.consumers[name].cloud == cloud)


def _row(store: Store, key: ManifestKey, readers: tuple[str, ...], now: datetime) -> Row:
    try:
        state = store.state(key)
    except KeyplanError as error:
        return _failed(key, readers, error, store.cloud)
    version = state.current or state.unserved
    trouble = state.trouble
    found = Row(key, readers, trouble.state if trouble else State.NO_VALUE, cloud=store.cloud)
    found = replace(
        found,
        deleted=state.deleted,
        error=trouble.error if trouble else None,
        pending=pending_of(state),
        seen=state,
    )
    # What stands in a revoked value's place is no value, and has no age.
    if version is None or found.state is State.REVOKED:
        return found
    age = age_of(version.created, now, Duration.parse(key.rotate_every), Duration.parse(key.remind_before))
    return replace(
        found,
        state=trouble.state if trouble else age.state,
        age=age,
        version_id=version.version_id,
        label=version.label,
    )


def _failed(key: ManifestKey, readers: tuple[str, ...], error: KeyplanError, cloud: str) -> Row:
    state = State.UNKNOWN
    if isinstance(error, AccessDenied):
        state = State.DENIED
    elif isinstance(error, SecretMissing):
        state = State.MISSING
    return Row(key, readers, state, error=error, cloud=cloud)


def _compared(environment: str, rows: Sequence[Row]) -> list[Row]:
    """The rows, with those of a key marked whose clouds hold different values."""
    fingerprints: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.label and row.label.fingerprint and row.error is None:
            fingerprints.setdefault(row.key.name, {})[row.cloud] = row.label.fingerprint
    notes = {
        key: _difference(environment, key, found, [row for row in rows if row.key.name == key])
        for key, found in fingerprints.items()
        if len(set(found.values())) > 1
    }
    return [
        _marked(row, notes[row.key.name]) if row.key.name in notes and row.error is None else row
        for row in rows
    ]


def _difference(
    environment: str, key: str, fingerprints: dict[str, str], rows: Sequence[Row]
) -> KeyplanError:
    told = " and ".join(f"{text} on {CLOUD_NAMES[cloud]}" for cloud, text in fingerprints.items())
    step = standing({row.cloud: row.seen for row in rows if row.seen is not None}).moment.next
    return Findings(
        f"key {key} of environment {environment}: its clouds hold different values, fingerprints {told}",
        f"keyplan {'rollback' if step is Next.GO_BACK else 'rotate'} {key} ends that; keyplan history {key} "
        "shows both",
    )


def _noted(row: Row) -> Row:
    """The row with what its store would have a person know, where nothing worse is to be said."""
    note = row.seen.note if row.seen else None
    return row if row.error is not None or note is None else replace(row, error=note)


def _marked(row: Row, note: KeyplanError) -> Row:
    # An overdue value stays overdue; the note is there for both.
    state = State.DIFFERS if row.state in (State.OK, State.DUE_SOON) else row.state
    return replace(row, state=state, error=note)
