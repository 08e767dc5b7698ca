"""Whether a key's old values may be retired: deactivated at the vendor, and shut in the stores. Pure.

The rule: never a value that a reader anywhere may be given, and not before the new one was seen in use
instead of it, or the key's grace is over. When the grace is over and the old one is still in use, a person
decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from keyplan.durations import Duration
from keyplan.stores.base import CLOUD_NAMES, Stage
from keyplan.stores.labels import RETIRED, REVOKED, SERVED
from keyplan.stores.one_value import OneValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyplan.manifest.model import ManifestKey
    from keyplan.stores.base import SecretState, Version

AT_FORM = "%Y%m%dT%H%M%SZ"  # of a label's moment
HOUR = timedelta(hours=1)
RECENT = timedelta(days=1)  # a program that runs nightly still uses a value that it used within a day
STILL_USED_HINT = "restart what still has it, or --despite-use if that does not count"


class May(StrEnum):
    """What the rule says about a key."""

    NOTHING = "nothing"  # there is no old value that is alive, as far as the stores tell
    NOW = "now"
    WAIT = "wait"  # the grace is not over, and the new value was not seen in use instead of the old one
    IN_USE = "in-use"  # the grace is over and something uses the old value
    UNFINISHED = "unfinished"  # readers do not get one and the same value everywhere
    UNSURE = "unsure"  # it cannot be told apart from a value that is served

    @property
    def is_finding(self) -> bool:
        """Whether a person has to act."""
        return self in (May.IN_USE, May.UNFINISHED, May.UNSURE)


@dataclass(frozen=True)
class Uses:
    """When values were used last, by the vendor's usage report. A use is known by the start of its bucket."""

    step: timedelta  # a bucket's length
    last: Mapping[str, datetime]  # hint -> start of the last bucket with a use; absent: none in the report

    def was_used(self, hint: str | None, since: datetime) -> bool:
        """Whether it was used in a bucket that begins at `since` or later."""
        last = self.last.get(hint or "")
        return last is not None and last >= since


@dataclass(frozen=True)
class Ruling:
    """What the rule says, and why."""

    may: May
    words: str
    olds: tuple[OneValue, ...] = ()
    promoted: datetime | None = None  # since when readers everywhere get the present value
    over: datetime | None = None  # when the grace is over
    hint: str | None = None  # what to do about it


def rule(
    key: ManifestKey,
    states: Mapping[str, SecretState],
    now: datetime,
    uses: Uses | None = None,
    served_elsewhere: Mapping[str, str] | None = None,
    *,
    despite_use: bool = False,
) -> Ruling:
    """Whether a key's old values may be retired now.

    Args:
        key: which.
        states: what `Store.history` says, by cloud.
        now: the moment (aware).
        uses: from the vendor's usage report; None where there is none.
        served_elsewhere: fingerprint -> another key whose readers get that very value.
        despite_use: the person says that what still uses an old value does not count.
    """
    olds = olds_of(states)
    unfinished = _unfinished(key, states)
    if not olds:
        return Ruling(May.NOTHING, "there is no old value to retire")
    if unfinished is not None:
        return Ruling(
            May.UNFINISHED, unfinished, olds, hint=f"keyplan rotate {key.name}, which goes on with it"
        )
    unsure = _unsure(states, olds, served_elsewhere or {})
    if unsure is not None:
        return Ruling(May.UNSURE, unsure, olds)
    promoted = max(_served_since(state) for state in states.values())
    over = promoted + timedelta(seconds=Duration.parse(key.grace).seconds)
    words = f"the grace of {key.grace} is over since {_date(over)}"
    if now < over:
        may, words = _within_grace(states, olds, uses, now, promoted)
        return Ruling(may, f"{words}the grace of {key.grace} is over on {_date(over)}", olds, promoted, over)
    used = None if uses is None or despite_use else _still_used(olds, uses, over, now)
    if used is not None:
        return Ruling(May.IN_USE, f"{words}, and {used}", olds, promoted, over, STILL_USED_HINT)
    return Ruling(May.NOW, words, olds, promoted, over)


def olds_of(states: Mapping[str, SecretState]) -> tuple[OneValue, ...]:
    """The values that readers got before and that nobody has deactivated, as far as labels tell.

    That is more than the previous one: two rotations within one grace leave two. A version without a label is
    one only where it is the previous one: any other may be what a rotation took back.
    """
    live = set(_live(states))
    found: dict[str, dict[str, list[Version]]] = {}
    for cloud, state in states.items():
        for version in state.versions:
            if version.stage in (Stage.CURRENT, Stage.PENDING) or _is_done(version):
                continue
            fingerprint = version.label.fingerprint if version.label else None
            if fingerprint in live or (version.stage is not Stage.PREVIOUS and fingerprint is None):
                continue
            mark = fingerprint or f"{cloud}/{version.version_id}"
            found.setdefault(mark, {}).setdefault(cloud, []).append(version)
    return tuple(
        OneValue({cloud: tuple(versions) for cloud, versions in by_cloud.items()})
        for by_cloud in found.values()
    )


def _is_done(version: Version) -> bool:
    """Whether nothing is left to do. A retired one that is still the previous one was being shut when the
    command was killed: its label comes first, as a version without any is forgotten on AWS.
    """
    label = version.label
    return (
        label is not None
        and label.is_dead
        and not (label.fate == RETIRED and version.stage is Stage.PREVIOUS)
    )


def _live(states: Mapping[str, SecretState]) -> Iterator[str]:
    """Fingerprints of what readers get, or are about to."""
    for state in states.values():
        staged = [version for version in state.versions if version.stage in (Stage.CURRENT, Stage.PENDING)]
        for version in (state.current, *staged):
            if version is not None and version.label and version.label.fingerprint:
                yield version.label.fingerprint


def _unfinished(key: ManifestKey, states: Mapping[str, SecretState]) -> str | None:
    prints: dict[str, str | None] = {}
    for cloud, state in states.items():
        where = CLOUD_NAMES[cloud]
        if state.current is None or state.trouble is not None:
            return f"readers on {where} get no value at the moment"
        label = state.current.label
        if label is not None and label.fate == REVOKED:
            return f"readers on {where} get no value: it was revoked"
        if state.copies_behind:
            return f"the copies in {', '.join(state.copies_behind)} do not have the new value yet"
        prints[cloud] = label.fingerprint if label else None
    if len(set(prints.values())) > 1:
        told = " and ".join(f"{text or 'unknown'} on {CLOUD_NAMES[cloud]}" for cloud, text in prints.items())
        return f"readers get different values, fingerprints {told}"
    return None


def _unsure(
    states: Mapping[str, SecretState], olds: tuple[OneValue, ...], served_elsewhere: Mapping[str, str]
) -> str | None:
    currents = [state.current.label for state in states.values() if state.current is not None]
    for old in olds:
        if old.fingerprint is None:
            return (
                f"nothing is written beside {old.named}, so it may be the very value that readers get now: "
                "compare them in the vendor's console"
            )
        if any(label is None or label.fingerprint is None for label in currents):
            return (
                "nothing is written beside the value that readers get now, so it may be the very value that "
                f"is to be retired, {old.named}: compare them in the vendor's console"
            )
        if old.fingerprint in served_elsewhere:
            return f"{old.named} is what readers of key {served_elsewhere[old.fingerprint]} get"
        if old.hint and any(label is not None and label.hint == old.hint for label in currents):
            return f"the value that readers get now looks the same in the vendor's list, {old.hint}"
    return None


def _served_since(state: SecretState) -> datetime:
    """The latest moment at which readers can have been sent to the current value.

    After a rollback the current version is the older one: the label says when it came back.
    """
    moments = []
    for version in (state.current, state.at(Stage.PREVIOUS)):
        if version is not None:
            moments.append(version.created)
            if version.label and version.label.fate == SERVED and version.label.at:
                moments.append(moment_of(version.label.at))
    return max(moments)


def _still_used(olds: Sequence[OneValue], uses: Uses, over: datetime, now: datetime) -> str | None:
    since = floor(min(over, now - RECENT), uses.step)
    for old in olds:
        if uses.was_used(old.hint, since):
            last = min(uses.last[old.hint or ""] + uses.step, now)
            return f"{old.named} is still used: it was shortly before {last:%Y-%m-%d %H:%M} UTC"
    return None


def _within_grace(
    states: Mapping[str, SecretState],
    olds: Sequence[OneValue],
    uses: Uses | None,
    now: datetime,
    promoted: datetime,
) -> tuple[May, str]:
    """The old value may go early only where a whole bucket shows the new one in use and the old one not."""
    if uses is None:
        return May.WAIT, ""
    since = ceil(promoted, uses.step)
    label = next((state.current.label for state in states.values() if state.current), None)
    still = next((old for old in olds if uses.was_used(old.hint, since)), None)
    if still is not None:
        return May.WAIT, f"{still.named} is still used; "
    if now < since + uses.step or label is None or not uses.was_used(label.hint, since):
        return May.WAIT, "the new value was not seen in use instead of the old one yet; "
    return May.NOW, f"the new value is in use, and no old one since {since:%Y-%m-%d %H:%M} UTC; "


def floor(at: datetime, step: timedelta) -> datetime:
    """The start of the bucket that `at` is in. Buckets begin at full hours and days, UTC."""
    origin = datetime(1970, 1, 1, tzinfo=UTC)
    return at - (at - origin) % step


def ceil(at: datetime, step: timedelta) -> datetime:
    """The start of the first bucket that begins at `at` or later."""
    below = floor(at, step)
    return below if below == at else below + step


def moment_of(text: str) -> datetime:
    """A label's moment: `20261121T181500Z`."""
    return datetime.strptime(text, AT_FORM).replace(tzinfo=UTC)


def stamp(at: datetime) -> str:
    """The moment as a label has it."""
    return f"{at.astimezone(UTC):{AT_FORM}}"


def _date(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
