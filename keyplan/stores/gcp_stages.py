"""What happens to versions on Google Cloud after they were stored: back to the previous one, shut, restored.

Each can be repeated after any step of it; versions are enabled and disabled one by one, and what the aliases
and annotations say changes in one update.
Source: Secret Manager, "Delayed destruction of secret versions": a version whose destruction is scheduled
stays when it is enabled (checked 2026-11-21).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from keyplan.stores.error_words import no_previous, not_deleted, not_retirable, previous_revoked
from keyplan.stores.gcp_annotations import CURRENT, PENDING, PREVIOUS, label_in, restaged, stages_of
from keyplan.stores.gcp_errors import NotEnabled, changed
from keyplan.stores.gcp_update import UPDATE, Change, labelled, stamp, update
from keyplan.stores.gcp_versions import DESTROYED, ENABLED, number_of
from keyplan.stores.labels import NOTHING, RETIRED, REVOKED, SERVED, VersionLabel

if TYPE_CHECKING:
    from keyplan.manifest.model import ManifestKey
    from keyplan.stores.base import Version
    from keyplan.stores.gcp_calls import GcpCalls
    from keyplan.stores.gcp_state import GcpState


def go_back(store: GcpCalls, key: ManifestKey, state: GcpState) -> str:
    """Send readers to the previous version; it is enabled first where it is not.

    Raises:
        ValueMissing: there is no previous version, or it is destroyed.
        ValueRevoked: it leaked, and nobody should get it again.
        ChangedMeanwhile: the versions are no longer where `state` saw them.
    """
    subject = store.subject(UPDATE, key)
    number = state.aliases.get(PREVIOUS)
    if number is None:
        raise no_previous(subject)
    label = label_in(state.annotations, number)
    if label is not None and label.fate == REVOKED:
        raise previous_revoked(subject, number)
    found = store.version(key, number).get("state")
    if found == DESTROYED:
        raise no_previous(subject)

    def change(now: GcpState) -> Change | None:
        if now.aliases.get(CURRENT) == number:
            return None
        if stages_of(now.aliases) != stages_of(state.aliases):
            raise changed(subject)
        before = now.aliases.get(CURRENT)
        left = None if before is None else label_in(now.annotations, before)
        is_dead = state.is_destroyed or (left is not None and left.is_dead)
        aliases = restaged(now.aliases, current=number, previous=None if is_dead else before)
        served = None if label is None else label.became(SERVED, stamp())
        annotations = (
            now.annotations if served is None else labelled(now.annotations, aliases, number, served)
        )
        return Change(aliases, annotations)

    if found != ENABLED:
        store.enable(key, number)
    update(store, key, state, change)
    return number


def shut(store: GcpCalls, key: ManifestKey, version: Version, fate: str, at: str) -> None:
    """Disable a version, write its end on its label, and take `previous` and `pending` off it.

    In this order: a version that is disabled and does not say why is shut again by the next run; one that
    says that it is shut would be left alone. `current` stays on it, so that its readers learn that something
    is wrong instead of getting an older value.

    Raises:
        UsageError: readers get it, and it is only to be retired.
    """
    number, subject = version.version_id, store.subject(UPDATE, key)

    def change(now: GcpState) -> Change | None:
        if fate == RETIRED and now.aliases.get(CURRENT) == number:
            raise not_retirable(subject, number)
        ours = {stage: None for stage in (PREVIOUS, PENDING) if now.aliases.get(stage) == number}
        label = label_in(now.annotations, number)
        if label is not None and label.fate in (fate, REVOKED):
            return Change(restaged(now.aliases, **ours), now.annotations) if ours else None
        ended = (label or VersionLabel(None, NOTHING)).became(fate, at)
        aliases = restaged(now.aliases, **ours)
        return Change(aliases, labelled(now.annotations, aliases, number, ended))

    now = store.glance(key)  # `state` is as old as what the vendor was asked since
    change(now)
    if version.is_readable:
        with suppress(NotEnabled):  # destroyed meanwhile: there is nothing left to shut
            store.disable(key, number)
    update(store, key, now, change)


def restore_secret(store: GcpCalls, key: ManifestKey) -> str:
    """Enable again the versions whose destruction is scheduled, but for those that keyplan shut.

    A deleted secret is gone at once on Google Cloud: only its versions have a delay.

    Raises:
        UsageError: there is no such version.
        SecretMissing: the secret is deleted.
    """
    bare = store.glance(key)
    numbers: list[str] = []
    left: list[str] = []
    for entry in store.list_all(key):
        if "scheduledDestroyTime" in entry:
            label = label_in(bare.annotations, number_of(entry))
            (left if label is not None and label.is_dead else numbers).append(number_of(entry))
    subject = store.subject(UPDATE, key)
    if not numbers:
        raise not_deleted(subject)
    for number in numbers:
        store.enable(key, number)
    told = f"{_counted(numbers)} of secret {subject.secret} can be read again"
    return f"{told}; {_counted(left)} stays deleted: keyplan shut it" if left else told


def _counted(numbers: list[str]) -> str:
    ordered = sorted(numbers, key=int)
    if len(ordered) == 1:
        return f"version {ordered[0]}"
    return f"versions {', '.join(ordered[:-1])} and {ordered[-1]}"
