"""Two stores in memory, one of each cloud's kind, in which a step can fail in every way that a step fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from keyplan.errors import StoreError, Unreachable, ValueMissing
from keyplan.manifest import ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.stores.base import SecretState, Version
from keyplan.stores.labels import VersionLabel

REFUSED, SILENT, SILENT_DONE, CTRL_C, CTRL_C_DONE = (
    "refused",
    "silent",
    "silent, done",
    "Ctrl-C",
    "Ctrl-C, done",
)
FAILURES = (REFUSED, SILENT, SILENT_DONE, CTRL_C, CTRL_C_DONE)


@dataclass
class MemoryPlace:
    host: str
    title: str
    endpoint_url: str | None = None


@dataclass
class MemoryStore:
    """A store of one key. AWS's kind stores when promoting, and takes no first value away."""

    cloud: str
    failing: dict[str, str] = field(default_factory=dict)  # step -> how it fails, each time
    values: list[str] = field(default_factory=list)
    labels: dict[int, VersionLabel] = field(default_factory=dict)
    current: int | None = None  # what readers get: a place in `values`
    disabled: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    @property
    def adds_unseen(self) -> bool:
        return self.cloud == "gcp"

    @property
    def place(self) -> MemoryPlace:
        return MemoryPlace(self.cloud, f"account {self.cloud}")

    @property
    def read(self) -> str | None:
        """What readers get."""
        return None if self.current is None or self.current in self.disabled else self.values[self.current]

    def caller(self) -> str:
        return "somebody"

    def survey(self, keys: Sequence[ManifestKey]) -> None:
        pass

    def state(self, key: ManifestKey) -> SecretState:
        self.fail("state")
        if self.current is None:
            return SecretState(None)
        return SecretState(
            Version(str(self.current), datetime(2026, 11, 21, tzinfo=UTC), self.labels[self.current])
        )

    def check_size(self, key: ManifestKey, value: SecretValue) -> None:
        pass

    def deposit(
        self, key: ManifestKey, state: SecretState, value: SecretValue, label: VersionLabel
    ) -> MemoryDeposit:
        return MemoryDeposit(self, value.reveal(), label)

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
    def __init__(self, store: MemoryStore, value: str, label: VersionLabel) -> None:
        self.store, self.value, self.label = store, value, label
        self.before = store.current
        self.version_id: str | None = None

    def add(self) -> None:
        self.store.fail("add")
        if self.store.adds_unseen:
            self._store_version()
        self.store.fail("add", done=True)

    def promote(self) -> str:
        self.store.fail("promote")
        if not self.store.adds_unseen:
            self._store_version()
        assert self.version_id is not None
        self.store.current = int(self.version_id)
        self.store.labels[self.store.current] = self.label
        self.store.fail("promote", done=True)
        return self.version_id

    def current_version(self) -> str | None:
        self.store.fail("ask")
        return None if self.store.current is None else str(self.store.current)

    def withdraw(self) -> None:
        if self.version_id is not None and self.store.adds_unseen:
            self.store.disabled.add(int(self.version_id))

    def restore(self) -> str:
        self.store.fail("restore")
        if self.before is None and not self.store.adds_unseen:
            raise ValueMissing("it is the first value")
        self.store.current = self.before
        self.store.fail("restore", done=True)
        return str(self.before)

    def _store_version(self) -> None:
        self.store.values.append(self.value)
        self.version_id = str(len(self.store.values) - 1)
