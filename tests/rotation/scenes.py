"""A rotation in memory: two stores, a vendor that knows which values live, and a person with a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from keyplan.errors import AccessDenied, UsageError
from keyplan.manifest.model import Manifest, ManifestKey
from keyplan.rotation.scene import Scene
from keyplan.secret_value import SecretValue
from keyplan.vendors.verdicts import Answer, Verdict
from tests.command_gcp.memory_store import MemoryStore

KEY = ManifestKey("anthropic", "generic", "ml@example.com", "ANTHROPIC_API_KEY", None, "90d", "14d", "7d")
OLD, NEW, THIRD = "old-" + "x" * 30, "new-" + "y" * 30, "third-" + "z" * 30
NOW = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)


class Killed(BaseException):
    """kill -9: nobody catches it, nothing is cleaned up."""


@dataclass
class Clock:
    """Counts what is done in all stores, and kills at one of the moments before or after it."""

    kill_at: int | None = None
    ticks: int = 0

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks == self.kill_at:
            raise Killed


@dataclass
class TickingStore(MemoryStore):
    """A store that may be killed before and after every step that changes it."""

    clock: Clock = field(default_factory=Clock)

    def fail(self, step: str, *, done: bool = False) -> None:
        super().fail(step, done=done)
        if step in ("add", "promote", "withdraw", "go_back"):
            self.clock.tick()

    def read_version(self, name: str, version_id: str) -> SecretValue:
        if not self.may_read:
            raise AccessDenied("you may not read it")
        return super().read_version(name, version_id)


@dataclass
class Road:
    """A vendor in memory."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def ask(self, key: ManifestKey, value: SecretValue, bound_url: str | None = None) -> Answer:
        self.asked.append(value.reveal())
        verdict = self.verdicts.get(value.reveal(), Verdict.ALIVE)
        return Answer(verdict, f"it is {verdict}")

    def close(self) -> None:
        pass


@dataclass
class Person:
    """Who gives values; None where they have none."""

    value: str | None = None
    once_more: str | None = None  # what is typed when the same value is asked for
    at_terminal: bool = False

    def given(self) -> SecretValue | None:
        return None if self.at_terminal or self.value is None else SecretValue(self.value)

    def new(self) -> SecretValue:
        assert self.value is not None, "nobody expected to be asked for a new value"
        return SecretValue(self.value)

    def same(self) -> SecretValue:
        if self.once_more is None:
            raise UsageError("nobody can be asked")
        return SecretValue(self.once_more)


def manifest() -> Manifest:
    return Manifest("prod", "ml@example.com", "7d", None, {"anthropic": KEY}, {})


def scene_of(stores: Sequence[MemoryStore], road: Road | None = None) -> Scene:
    """What a rotation in these stores works with; `scene.said` has what was said."""
    by_cloud = {store.cloud: store for store in stores}
    said: list[str] = []
    anything: Any = {
        "manifest": manifest(),
        "key": KEY,
        "stores": list(stores),
        "open_reader": lambda cloud: by_cloud[cloud],
        "road": road or Road(),
        "admin": lambda: None,
        "say": said.append,
        "now": lambda: NOW,
    }
    return Scene(**anything)


def filled(*clouds: str, value: str | None = OLD, may_read: bool = True) -> list[TickingStore]:
    """Stores that serve a value already, on one clock."""
    from keyplan.storing.steps import prepare, put

    clock = Clock()
    stores = [TickingStore(cloud, clock=clock, may_read=may_read) for cloud in clouds]
    if value is not None:
        put(prepare(stores, KEY), KEY, SecretValue(value), dry_run=False)
    clock.ticks = 0
    return stores
