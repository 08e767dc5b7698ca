"""A secret's metadata on Google Cloud, and what it means for readers. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keyplan.age import State
from keyplan.errors import ValueMissing
from keyplan.stores.base import SecretState, Stage, Trouble
from keyplan.stores.error_words import revoked
from keyplan.stores.gcp_annotations import BOUND_URL, CURRENT, announced
from keyplan.stores.gcp_errors import not_enabled_version, served_to_nobody
from keyplan.stores.gcp_versions import DESTROYED, forgotten, just_added, number_of, versions_in
from keyplan.stores.labels import REVOKED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from keyplan.stores.base import Version
    from keyplan.stores.gcp_errors import Subject


@dataclass(frozen=True)
class GcpState(SecretState):
    """A secret's metadata, with what an update has to send back."""

    etag: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    is_destroyed: bool = False  # the current version is gone for good
    # The version that is pending although its alias is not written yet: who added it was stopped.
    begun: str | None = None


def bare_state(secret: Mapping[str, Any]) -> GcpState:
    """What a secret's own entry says: everything but its versions."""
    annotations = dict(secret.get("annotations", {}))
    return GcpState(
        None,
        bound_url=annotations.get(BOUND_URL),
        etag=str(secret.get("etag", "")),
        aliases={name: str(number) for name, number in secret.get("versionAliases", {}).items()},
        annotations=annotations,
    )


def own(state: SecretState) -> GcpState:
    """The state as this store's own, which it has to be."""
    if not isinstance(state, GcpState):
        raise TypeError("this is another store's state")
    return state


def told(bare: GcpState, entries: Sequence[Mapping[str, Any]], subject: Subject) -> GcpState:
    """The state that a secret's versions make.

    Args:
        bare: the secret's own entry.
        entries: versions as Google describes them: all, or the newest and those that aliases point to.
        subject: whose they are, for the words.
    """
    found = _with_versions(bare, versions_in(entries, bare.aliases, bare.annotations))
    versions, number = found.versions, bare.aliases.get(CURRENT)
    current = next((version for version in versions if version.version_id == number), None)
    if current is None:
        return _without_current(found, subject)
    word = next(str(entry.get("state")) for entry in entries if number_of(entry) == number)
    trouble = _trouble(current, word, subject)
    note = None if found.unserved is None else served_to_nobody(subject, found.unserved.version_id)
    return replace(found, current=current, trouble=trouble, note=note, is_destroyed=word == DESTROYED)


def _with_versions(bare: GcpState, versions: Sequence[Version]) -> GcpState:
    candidates = forgotten(versions, bare.aliases)
    begun = just_added(candidates, bare.aliases, announced(bare.annotations))
    if begun is None:
        return replace(bare, versions=tuple(versions), unserved=candidates[0] if candidates else None)
    others = [each for each in candidates if each.version_id != begun.version_id]
    return replace(
        bare,
        versions=tuple(begun if each.version_id == begun.version_id else each for each in versions),
        unserved=others[0] if others else None,
        begun=begun.version_id,
    )


def _trouble(current: Version, word: str, subject: Subject) -> Trouble | None:
    """Why readers do not get the current version. Args: word: its state, as Google says it."""
    if current.label is not None and current.label.fate == REVOKED:
        return Trouble(State.REVOKED, revoked(subject, current.label.at))
    if current.is_readable:
        return None
    kind = State.DESTROYED if word == DESTROYED else State.DISABLED
    return Trouble(kind, not_enabled_version(subject, kind.value, current.version_id))


def _without_current(found: GcpState, subject: Subject) -> GcpState:
    """No reader is sent anywhere; perhaps a rotation is on its way, or somebody stored a value by other
    means.
    """
    version = next((each for each in found.versions if each.is_readable), None)
    if version is None:
        return found
    number = version.version_id
    if version.stage is Stage.PENDING:
        error = ValueMissing(
            f"{subject.named}: version {number} of secret {subject.secret} waits to be promoted: readers get "
            "no value yet",
            f"keyplan rotate {subject.key} goes on with it",
        )
    else:
        error = ValueMissing(
            f"{subject.named}: secret {subject.secret} has version {number}, and no alias `current`: the "
            "readers of `current` get no value",
            f"keyplan put {subject.key}, or gcloud secrets update {subject.secret} "
            f"--update-version-aliases current={number} {subject.project_option}",
        )
    return replace(found, trouble=Trouble(State.NO_VALUE, error), unserved=version)
