"""Where the rotation of a key stands, told from what each store's metadata says, and the one step that comes
next. Pure: no file on any machine is asked, so that whoever runs the command again goes on.

A value is known by its fingerprint. A value that is too short for one is known by its version, which no other
store has: with one store that is enough; with several, nothing can be said of two such values but that a
person has to decide. docs/rotation.md has the same as a table; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from keyplan.stores.base import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keyplan.stores.base import SecretState, Version


class Next(StrEnum):
    """The one step that comes next."""

    NEW_VALUE = "take a new value"
    ADD = "store the same value where it lacks"
    PROMOTE = "let readers get the pending value"
    GO_BACK = "finish the rollback"
    WITHDRAW = "take the pending value back"
    DECIDE = "ask a person which one counts"


class Moment(StrEnum):
    """Where a rotation stands."""

    SETTLED = "settled"  # no rotation is under way: readers everywhere get one value, or none yet
    REVOKED = "revoked"  # readers somewhere were sent to a value that is dead by now
    PENDING_SOME = "pending-some"  # the new value waits in some stores, and others do not have it
    PENDING_ALL = "pending-all"  # it waits in every store
    PROMOTED_SOME = "promoted-some"  # readers of some stores get it; in the others it waits
    UNEVEN = "uneven"  # readers of some stores get a value that other stores do not have at all
    GOING_BACK = "going-back"  # a rollback stopped between two stores
    LEFTOVER = "leftover"  # what waits is served already, or dead: nobody should promote it
    CONFLICT = "conflict"  # different values wait, or ones that cannot be compared

    @property
    def next(self) -> Next:
        """The step that follows."""
        return _NEXT[self]

    @property
    def is_resting(self) -> bool:
        """Whether no rotation is under way, so that a new one begins."""
        return self in (Moment.SETTLED, Moment.REVOKED)


_NEXT = {
    Moment.SETTLED: Next.NEW_VALUE,
    Moment.REVOKED: Next.NEW_VALUE,
    Moment.PENDING_SOME: Next.ADD,
    Moment.PENDING_ALL: Next.PROMOTE,
    Moment.PROMOTED_SOME: Next.PROMOTE,
    Moment.UNEVEN: Next.ADD,
    Moment.GOING_BACK: Next.GO_BACK,
    Moment.LEFTOVER: Next.WITHDRAW,
    Moment.CONFLICT: Next.DECIDE,
}


@dataclass(frozen=True)
class Standing:
    """Where a rotation stands, and in which stores what is left to do. Stores are named by their cloud."""

    moment: Moment
    mark: str | None = None  # the value that it is about; None where that is not one value
    serving: tuple[str, ...] = ()  # whose readers get it
    waiting: tuple[str, ...] = ()  # where it is pending
    lacking: tuple[str, ...] = ()  # where it is not
    begun: Version | None = None  # the oldest pending version: who began, and when

    @property
    def fingerprint(self) -> str | None:
        """The value's fingerprint; None where it has none."""
        return None if self.mark is None or "/" in self.mark else self.mark


def standing(states: Mapping[str, SecretState]) -> Standing:
    """Where the rotation of one key stands.

    Args:
        states: what each store says, by cloud, in the manifest's order; from `Store.history`, as older
            versions' labels count too.
    """
    pending = {
        cloud: version for cloud, state in states.items() if (version := pending_of(state)) is not None
    }
    return _under_way(states, pending) if pending else _at_rest(states)


def pending_of(state: SecretState) -> Version | None:
    """The version that waits. A promotion that was killed may leave the stage on the one that is served."""
    version = state.at(Stage.PENDING)
    current = state.current
    return None if version and current and version.version_id == current.version_id else version


def mark_of(cloud: str, version: Version | None) -> str | None:
    """What a version's value is known by: its fingerprint, else `CLOUD/VERSION`."""
    if version is None:
        return None
    fingerprint = version.label.fingerprint if version.label else None
    return fingerprint or f"{cloud}/{version.version_id}"


def dead_marks(states: Mapping[str, SecretState]) -> set[str]:
    """The values that keyplan deactivated or shut, as far as labels tell."""
    return {
        mark
        for cloud, state in states.items()
        for version in _all_versions(state)
        if version.label and version.label.is_dead and (mark := mark_of(cloud, version)) is not None
    }


def _all_versions(state: SecretState) -> Iterator[Version]:
    yield from state.versions
    if state.current is not None:
        yield state.current


def _under_way(states: Mapping[str, SecretState], pending: Mapping[str, Version]) -> Standing:
    marks = {cloud: mark_of(cloud, version) for cloud, version in pending.items()}
    begun = min(pending.values(), key=lambda version: version.created)
    current = {cloud: mark_of(cloud, state.current) for cloud, state in states.items()}
    dead = dead_marks(states)
    leftover = tuple(cloud for cloud, mark in marks.items() if mark in dead or mark == current[cloud])
    if leftover:
        return Standing(Moment.LEFTOVER, waiting=leftover, begun=begun)
    mark = marks[next(iter(marks))]
    uncertain = len(states) > 1 and any(not _is_fingerprint(each) for each in marks.values())
    if len(set(marks.values())) > 1 or uncertain:
        return Standing(Moment.CONFLICT, waiting=tuple(pending), begun=begun)
    serving = tuple(cloud for cloud in states if current[cloud] == mark)
    lacking = tuple(cloud for cloud in states if cloud not in pending and cloud not in serving)
    moment = Moment.PROMOTED_SOME if serving else Moment.PENDING_ALL
    if lacking:
        went_back = any(mark_of(cloud, states[cloud].at(Stage.PREVIOUS)) == mark for cloud in lacking)
        moment = Moment.GOING_BACK if went_back else Moment.PENDING_SOME
    return Standing(moment, mark, serving, tuple(pending), lacking, begun)


def _at_rest(states: Mapping[str, SecretState]) -> Standing:
    current = {cloud: mark_of(cloud, state.current) for cloud, state in states.items()}
    marks = {mark for mark in current.values() if mark is not None}
    if marks & dead_marks(states):
        return Standing(Moment.REVOKED)
    comparable = len(states) == 1 or all(map(_is_fingerprint, marks))
    if not comparable or not marks or (len(marks) == 1 and None not in current.values()):
        mark = marks.pop() if len(marks) == 1 else None
        return Standing(Moment.SETTLED, mark, tuple(cloud for cloud in states if current[cloud]))
    mark = current[newest_of(states)]
    serving = tuple(cloud for cloud in states if current[cloud] == mark)
    lacking = tuple(cloud for cloud in states if cloud not in serving)
    went_back = any(mark_of(cloud, states[cloud].at(Stage.PREVIOUS)) == mark for cloud in lacking)
    return Standing(Moment.GOING_BACK if went_back else Moment.UNEVEN, mark, serving, (), lacking)


def newest_of(states: Mapping[str, SecretState]) -> str:
    """The store whose readers were sent to their value last; of several in the same second, the manifest's
    first. Labels and Secrets Manager know seconds, Secret Manager smaller parts of one, which would decide.
    """
    served = {
        cloud: served_since(state.current).replace(microsecond=0)
        for cloud, state in states.items()
        if state.current
    }
    return max(served, key=lambda cloud: served[cloud])


def served_since(version: Version) -> datetime:
    """Since when readers get a current version: what its label says, else when it was stored."""
    at = version.label.at if version.label else None
    if at is None:
        return version.created
    return datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _is_fingerprint(mark: str | None) -> bool:
    return mark is not None and "/" not in mark
