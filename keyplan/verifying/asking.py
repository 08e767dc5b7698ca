"""Whether every stored value is alive at its vendor, belongs where it should, and is the same in every store.
With `verifying_forms` the twin of `keyplan verify`.

Reads values, those that a rotation has not promoted yet too, and asks the vendor once about each distinct
one. Changes nothing, and neither prints nor keeps a value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keyplan.age import State
from keyplan.errors import (
    AccessDenied,
    DecryptDenied,
    KeyplanError,
    PendingDeletion,
    SecretMissing,
    UsageError,
    ValueMissing,
    ValueRevoked,
)
from keyplan.parallel import for_each
from keyplan.rotation.moment import pending_of
from keyplan.stores.base import Stage
from keyplan.storing.steps import fingerprint_of
from keyplan.vendors.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keyplan.manifest.model import ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import SecretState, Store
    from keyplan.stores.opening import Reader
    from keyplan.vendors.road import VendorRoad
    from keyplan.vendors.verdicts import Answer

NOT_ASKED = "not-asked"
# What a failure to read a value says about it; the first class that fits.
_STATES: tuple[tuple[type[KeyplanError], State], ...] = (
    (AccessDenied, State.DENIED),
    (DecryptDenied, State.DENIED),
    (SecretMissing, State.MISSING),
    (ValueMissing, State.NO_VALUE),
    (ValueRevoked, State.REVOKED),
    (PendingDeletion, State.PENDING_DELETION),
)
_FINDINGS = frozenset(
    (
        *(Verdict.DEAD, Verdict.FORBIDDEN, Verdict.ELSEWHERE),
        *(State.MISSING, State.NO_VALUE, State.REVOKED, State.PENDING_DELETION),
        *(State.DISABLED, State.DESTROYED),
    )
)


@dataclass(frozen=True)
class Row:
    """One stored value: of a key, in a store, at a stage."""

    key: ManifestKey
    cloud: str
    stage: Stage
    found: str  # a Verdict's word, NOT_ASKED, or a State's where there was no value to ask about
    fingerprint: str | None = None  # None where there is no value, or one too short to show it
    version_id: str | None = None
    answer: Answer | None = None
    error: KeyplanError | None = None
    differs: bool = False  # from the value that another store has at this stage
    copies_behind: tuple[str, ...] = ()  # regions whose copy is not what the secret is

    @property
    def is_finding(self) -> bool:
        """Whether somebody has to act."""
        return self.found in _FINDINGS or self.differs or bool(self.copies_behind)

    @property
    def is_open(self) -> bool:
        """Whether it stays unknown how it is, for another reason than the caller's rights."""
        return self.found == Verdict.UNKNOWN  # State.UNKNOWN is the same word

    @property
    def was_read(self) -> bool:
        """Whether the value could be read."""
        return self.error is None or self.answer is not None


@dataclass(frozen=True)
class _Held:
    """A value, before the vendor is asked."""

    row: Row
    value: SecretValue | None
    is_bound: bool


def verify(
    keys: Sequence[ManifestKey],
    stores: Sequence[Store],
    reader_of: Callable[[str], Reader],
    road: VendorRoad,
) -> list[Row]:
    """Every stored value of these keys: current and pending ones, key by key and store by store.

    Args:
        keys: which.
        stores: every store of the environment.
        reader_of: the reader of a cloud.
        road: the way to the vendors.
    """
    per_store = [_held_in(store, keys, reader_of) for store in stores]
    place_of = {key.name: place for place, key in enumerate(keys)}
    held = [one for found in per_store for one in found]
    held.sort(key=lambda one: (place_of[one.row.key.name], one.row.stage is not Stage.CURRENT))
    return _compared(held, _answers(held, road))


def _held_in(store: Store, keys: Sequence[ManifestKey], reader_of: Callable[[str], Reader]) -> list[_Held]:
    """What one store has. Its metadata may be out of the caller's reach while its values are not."""
    reader = reader_of(store.cloud)
    states = _states(store, keys)
    values, failures = _read(reader, [key.name for key in keys])
    found = []
    for key in keys:
        state = states[key.name]
        current = Row(key, store.cloud, Stage.CURRENT, Verdict.UNKNOWN)
        bound = False
        if state is not None:
            version = state.current
            current = replace(current, version_id=version.version_id if version else None)
            current = replace(current, copies_behind=state.copies_behind)
            bound = state.bound_url is not None and state.bound_url == key.url
        error = failures.get(key.name)
        found.append(_Held(_failed(current, error, state), values.get(key.name), bound))
        pending = pending_of(state) if state is not None else None
        if pending is not None:
            waiting = Row(key, store.cloud, Stage.PENDING, Verdict.UNKNOWN, version_id=pending.version_id)
            try:
                value = reader.read_version(key.name, pending.version_id)
            except KeyplanError as failure:
                found.append(_Held(_failed(waiting, failure, None), None, bound))
            else:
                found.append(_Held(waiting, value, bound))
    return found


def _states(store: Store, keys: Sequence[ManifestKey]) -> Mapping[str, SecretState | None]:
    try:
        store.survey(keys)
    except KeyplanError:
        return dict.fromkeys((key.name for key in keys), None)

    def state(key: ManifestKey) -> SecretState | None:
        try:
            return store.state(key)
        except KeyplanError:
            return None

    states = for_each(keys, lambda: state)
    return {key.name: found for key, found in zip(keys, states, strict=True)}


def _read(
    reader: Reader, names: Sequence[str]
) -> tuple[Mapping[str, SecretValue], Mapping[str, KeyplanError]]:
    try:
        return reader.read(names)
    except KeyplanError as error:  # what fails for all of them
        return {}, dict.fromkeys(names, error)


def _failed(row: Row, error: KeyplanError | None, state: SecretState | None) -> Row:
    """The row of a value that could not be read; the secret's own state says more than the failure."""
    if error is None:
        return row
    found = next((word for kind, word in _STATES if isinstance(error, kind)), State.UNKNOWN)
    if state is not None and state.trouble is not None and found is not State.DENIED:
        found, error = state.trouble.state, state.trouble.error
    return replace(row, found=found.value, error=error)


def _answers(held: Sequence[_Held], road: VendorRoad) -> list[Answer | KeyplanError | None]:
    """What the vendors say, asked once about each distinct value, several at a time."""
    questions: dict[tuple[object, ...], _Held] = {}
    for one in held:
        if one.value is not None:
            questions.setdefault(_question(one, one.value), one)

    def new_worker() -> Callable[[_Held], Answer | KeyplanError]:
        own = road.another()

        def ask(one: _Held) -> Answer | KeyplanError:
            assert one.value is not None  # noqa: S101  # only those are asked about
            try:
                return own.ask(one.row.key, one.value, one.row.key.url if one.is_bound else None)
            except UsageError as refusal:  # the manifest's address is not to be trusted
                return refusal

        return ask

    found = dict(zip(questions, for_each(list(questions.values()), new_worker), strict=True))
    return [None if one.value is None else found[_question(one, one.value)] for one in held]


def _question(one: _Held, value: SecretValue) -> tuple[object, ...]:
    """What makes two questions the same."""
    key = one.row.key
    expected = (key.organization, key.workspace)
    return key.vendor, key.url, key.check_header, expected, value.fingerprint(), one.is_bound


def _compared(held: Sequence[_Held], answers: Sequence[Answer | KeyplanError | None]) -> list[Row]:
    """The rows with what was answered, and with those marked that differ between stores."""
    marks: dict[tuple[str, Stage], set[str]] = {}
    for one in held:
        if one.value is not None:
            marks.setdefault((one.row.key.name, one.row.stage), set()).add(one.value.fingerprint())
    rows = []
    for one, answer in zip(held, answers, strict=True):
        row = one.row
        if one.value is not None:
            several = len(marks[row.key.name, row.stage]) > 1
            row = replace(row, fingerprint=fingerprint_of(one.value), differs=several)
        if isinstance(answer, KeyplanError):
            row = replace(row, error=answer)
        elif answer is not None:
            word = answer.verdict.value if answer.was_asked or answer.verdict is Verdict.DEAD else NOT_ASKED
            row = replace(row, found=word, answer=answer)
        rows.append(row)
    return rows
