"""Two stores in memory, one of each cloud's kind, in which a step can fail in every way that a step fails."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from keyplan.age import State
from keyplan.errors import ChangedMeanwhile, StoreError, Unreachable, UsageError, ValueMissing, ValueRevoked
from keyplan.manifest.model import ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.stores.base import SecretState, Stage, Trouble, Version
from keyplan.stores.labels import REVOKED, SERVED, VersionLabel

REFUSED, SILENT, SILENT_DONE, CTRL_C, CTRL_C_DONE = (
    "refused",
    "silent",
    "silent, done",
    "Ctrl-C",
    "Ctrl-C, done",
)
FAILURES = (REFUSED, SILENT, SILENT_DONE, CTRL_C, CTRL_C_DONE)
FIRST_DAY = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass
class MemoryPlace:
    host: str
    title: str
    endpoint_url: str | None = None


@dataclass
class MemoryStore:
    """A store of one key. AWS's kind lets readers get the first value at once, and takes none away."""

    cloud: str
    failing: dict[str, str] = field(default_factory=dict)  # step -> how it fails, each time
    values: list[str] = field(default_factory=list)
    labels: dict[int, VersionLabel] = field(default_factory=dict)
    stages: dict[Stage, int] = field(default_factory=dict)  # the place of each stage's version in `values`
    disabled: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    may_read: bool = True

    @property
    def place(self) -> MemoryPlace:
        return MemoryPlace(self.cloud, f"account {self.cloud}")

    @property
    def current(self) -> int | None:
        return self.stages.get(Stage.CURRENT)

    @property
    def read(self) -> str | None:
        """What readers get."""
        return self.value_at(Stage.CURRENT)

    def value_at(self, stage: Stage) -> str | None:
        place = self.stages.get(stage)
        return None if place is None or place in self.disabled else self.values[place]

    def caller(self) -> str:
        return "somebody"

    def survey(self, keys: Sequence[ManifestKey]) -> None:
        pass

    def state(self, key: ManifestKey) -> SecretState:
        self.fail("state")
        versions = tuple(self._version(place) for place in reversed(range(len(self.values))))
        current = next((each for each in versions if each.stage is Stage.CURRENT), None)
        trouble = None
        if current is not None and current.label and current.label.fate == REVOKED:
            trouble = Trouble(State.REVOKED, ValueRevoked("it was revoked"))
        return SecretState(current, trouble, versions=versions)

    history = state

    def _version(self, place: int) -> Version:
        stage = next((stage for stage in Stage if self.stages.get(stage) == place), None)
        created = FIRST_DAY + timedelta(days=place)
        label = copy(self.labels.get(place))  # as a store's answer it is read anew each time
        return Version(str(place), created, label, stage, place not in self.disabled)

    def check_size(self, key: ManifestKey, value: SecretValue) -> None:
        pass

    def deposit(
        self, key: ManifestKey, state: SecretState, value: SecretValue, label: VersionLabel
    ) -> MemoryDeposit:
        return MemoryDeposit(self, value.reveal(), label)

    def pending(self, key: ManifestKey, state: SecretState) -> MemoryDeposit | None:
        version = state.at(Stage.PENDING)
        if version is None:
            return None
        deposit = MemoryDeposit(self, None, version.label)
        deposit.version_id = version.version_id
        return deposit

    def go_back(self, key: ManifestKey, state: SecretState) -> str:
        self.fail("go_back")
        if Stage.PREVIOUS not in self.stages:
            raise ValueMissing("there is no previous version")
        self.stages[Stage.CURRENT], self.stages[Stage.PREVIOUS] = (
            self.stages[Stage.PREVIOUS],
            self.stages[Stage.CURRENT],
        )
        served = self.stages[Stage.CURRENT]
        if served in self.labels:
            self.labels[served] = self.labels[served].became(SERVED, "20261201T000000Z")
        self.fail("go_back", done=True)
        return str(served)

    def shut(self, key: ManifestKey, state: SecretState, version: Version, fate: str, at: str) -> None:
        place = int(version.version_id)
        self.labels[place] = (version.label or VersionLabel(None, "nobody")).became(fate, at)
        self.disabled.add(place)
        self.stages = {
            stage: each
            for stage, each in self.stages.items()
            if each != place or (stage is Stage.CURRENT and fate == REVOKED)
        }

    def restore_secret(self, key: ManifestKey) -> str:
        raise UsageError("nothing is deleted")

    def read_version(self, name: str, version_id: str) -> SecretValue:
        self.fail("read")
        return SecretValue(self.values[int(version_id)])

    def fail(self, step: str, *, done: bool = False) -> None:
        """Fail as this step is to fail; called before it (done=False) and after it."""
        how = self.failing.get(step)
        if how is None or (how in (SILENT_DONE, CTRL_C_DONE)) is not done:
            return
        if how == REFUSED:
            raise StoreError(f"{self.cloud} refuses {step}", "a hint")
        if how in (CTRL_C, CTRL_C_DONE):
            raise KeyboardInterrupt
        raise Unreachable(f"no answer from {self.cloud} to {step}")


class MemoryDeposit:
    """A version on its way. `value` is None where it is pending already."""

    def __init__(self, store: MemoryStore, value: str | None, label: VersionLabel | None) -> None:
        self.store, self.value, self.label = store, value, label
        self.before = dict(store.stages)
        self.version_id: str | None = None
        self.seen_when_added = store.cloud == "aws" and store.current is None and value is not None

    def add(self) -> None:
        if self.value is None:
            return
        self.store.fail("add")
        self.store.values.append(self.value)
        place = len(self.store.values) - 1
        self.version_id = str(place)
        if self.label is not None:
            self.store.labels[place] = self.label
        self.store.stages[Stage.CURRENT if self.seen_when_added else Stage.PENDING] = place
        self.store.fail("add", done=True)

    def promote(self) -> str:
        self.store.fail("promote")
        assert self.version_id is not None
        place = int(self.version_id)
        stages = self.store.stages
        if stages.get(Stage.CURRENT) != place:
            if stages.get(Stage.PENDING) != place:
                raise ChangedMeanwhile("somebody else began")
            if Stage.CURRENT in stages:
                stages[Stage.PREVIOUS] = stages[Stage.CURRENT]
            stages[Stage.CURRENT] = place
            del stages[Stage.PENDING]
        self.store.fail("promote", done=True)
        return self.version_id

    def current_version(self) -> str | None:
        self.store.fail("ask")
        return None if self.store.current is None else str(self.store.current)

    def withdraw(self) -> bool:
        self.store.fail("withdraw")
        place = self.store.stages.get(Stage.PENDING)
        if place is not None and self.version_id == str(place):
            del self.store.stages[Stage.PENDING]
            del self.store.labels[place]
            self.store.disabled.add(place)
        return True

    def restore(self) -> str:
        self.store.fail("restore")
        if Stage.CURRENT not in self.before and self.store.cloud == "aws":
            raise ValueMissing("it is the first value")
        place = int(self.version_id or "-1")
        self.store.stages = {stage: each for stage, each in self.before.items() if each != place}
        self.store.labels.pop(place, None)
        self.store.disabled.add(place)
        self.store.fail("restore", done=True)
        return str(self.before.get(Stage.CURRENT))
