"""The steps of a rotation in every store: add, confirm, promote; each is safe to take again.

Unlike `storing`, which undoes, a rotation that stops leaves what it did: the old value and the new one are
both alive, so whoever comes next goes on. Only who loses a race against somebody else takes their own value
back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile, KeyplanError, StoreError
from keyplan.rotation import words
from keyplan.stores.base import Stage
from keyplan.storing.steps import Step, fate_of, fingerprint_of
from keyplan.storing.words import Fate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.rotation.scene import Scene
    from keyplan.secret_value import SecretValue


class Confirmed(StrEnum):
    """How it was made sure that a store has the value, before any reader is sent to it."""

    BY_READING = "read-back"
    BY_METADATA = "metadata"  # the caller may not read it: its label and its state say so


@dataclass
class Part(Step):
    """One store's part in a rotation."""

    is_new: bool = True  # False where the version waits since another run
    confirmed: Confirmed | None = None


@dataclass(frozen=True)
class Course:
    """One value on its way through the stores that do not serve it yet.

    Args:
        scene: what to work with.
        parts: those stores, in the order in which they are given the value.
        serving: the other stores, whose readers get it already.
        value: it; None where it waits and cannot be read.
        mark: what it is known by.
    """

    scene: Scene
    parts: Sequence[Part]
    serving: Sequence[str]
    value: SecretValue | None
    mark: str | None

    @property
    def clouds(self) -> list[str]:
        """Every store."""
        return [*self.serving, *(part.cloud for part in self.parts)]

    def run(self) -> None:
        """Take every step.

        Raises:
            ChangedMeanwhile: somebody else was faster.
            StoreError: a store refused, or what it holds is not what it was given.
            Interrupted: Ctrl-C.
        """
        done: list[Part] = []
        following = Fate.UNCHANGED  # what readers get of the store that comes next, if this ends here
        try:
            self._add_all()
            for part in self.parts:
                if not part.deposit.seen_when_added:
                    self._confirm(part)
            following = Fate.UNKNOWN
            for part in self.parts:
                self._promote(part, done)
                done.append(part)
        except KeyboardInterrupt:
            raise words.interrupted(self.scene.key.name, self._fates(done, following)) from None

    def _add_all(self) -> None:
        waiting = [part.cloud for part in self.parts if not part.is_new]
        for part in self.parts:
            if not part.is_new or part.deposit.seen_when_added:
                continue
            try:
                part.deposit.add()
            except ChangedMeanwhile as error:
                self._take_back()
                raise words.lost_race(self.scene.key.name, error) from None
            except KeyplanError as error:
                raise words.not_added(self.scene.key.name, error, part.cloud, waiting) from None
            waiting.append(part.cloud)
            self._say(part, f"stored as pending, version {part.deposit.version_id}")

    def _confirm(self, part: Part) -> None:
        """Make sure that the store has the value and can give it."""
        if part.confirmed is not None or part.deposit.version_id is None:
            return
        version_id = part.deposit.version_id
        try:
            found = self.scene.read(part.cloud, version_id)
        except KeyplanError:
            self._confirm_by_metadata(part, version_id)
            return
        same = found == self.value if self.value is not None else fingerprint_of(found) == self.mark
        if not same:
            raise self._not_what_was_given(part, version_id)
        part.confirmed = Confirmed.BY_READING
        self._say(part, "read back, and it is the same")

    def _confirm_by_metadata(self, part: Part, version_id: str) -> None:
        state = part.ready.store.history(self.scene.key)
        version = next((each for each in state.versions if each.version_id == version_id), None)
        stages = (Stage.CURRENT, Stage.PREVIOUS) if part.deposit.seen_when_added else (Stage.PENDING,)
        if version is None or version.stage not in (*stages, Stage.CURRENT):
            self._take_back()
            error = ChangedMeanwhile(f"version {version_id} is no longer pending")
            raise words.lost_race(self.scene.key.name, error)
        fingerprint = version.label.fingerprint if version.label else None
        expected = None if self.value is None else fingerprint_of(self.value)
        if not version.is_readable or (expected is not None and fingerprint != expected):
            raise self._not_what_was_given(part, version_id)
        part.confirmed = Confirmed.BY_METADATA
        self._say(part, "confirmed by its metadata (you may not read the value)")

    def _not_what_was_given(self, part: Part, version_id: str) -> StoreError:
        name = self.scene.key.name
        return StoreError(
            f"version {version_id} of key {name}{words.on(part.cloud, self.clouds)} is not what was stored, "
            "or cannot be read by anybody",
            f"`keyplan rollback {name}` takes it back, `keyplan rotate {name} --new` begins anew",
        )

    def _promote(self, part: Part, done: Sequence[Part]) -> None:
        deposit = part.deposit
        try:
            if deposit.seen_when_added:
                deposit.add()
            part.version_id = deposit.promote()
        except KeyplanError as error:
            fate = fate_of(part)
            if fate is Fate.NEW:  # it was done, only the answer is missing
                part.version_id = deposit.version_id
            elif isinstance(error, ChangedMeanwhile) and not done and part.is_new:
                self._take_back()
                raise words.lost_race(self.scene.key.name, error) from None
            else:
                raise words.not_promoted(self.scene.key.name, error, self._fates(done, fate)) from None
        self._say(part, f"readers get version {part.version_id} from now on")
        if deposit.seen_when_added:
            self._confirm(part)

    def _take_back(self) -> None:
        """Withdraw what this run added: somebody else's value counts now."""
        for part in self.parts:
            if part.is_new and not part.deposit.seen_when_added and part.deposit.version_id is not None:
                part.deposit.withdraw()

    def _fates(self, done: Sequence[Part], broken: Fate) -> dict[str, Fate | str]:
        fates: dict[str, Fate | str] = dict.fromkeys(self.serving, Fate.NEW)
        fates |= {part.cloud: Fate.UNCHANGED for part in self.parts}
        fates |= {part.cloud: Fate.NEW for part in done}
        following = next((part.cloud for part in self.parts if part not in done), None)
        if following is not None:
            fates[following] = broken
        return fates

    def _say(self, part: Part, text: str) -> None:
        self.scene.say(f"  {words.at(part.cloud, self.clouds)}{text}")
