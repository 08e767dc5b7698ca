"""What happened while time moved, on every cloud: what ran, what changed, and the mails that follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.clock.mails import Mail


@dataclass(frozen=True)
class Change:
    """An alarm that went from one state to another."""

    day: int
    date: str
    alarm: str
    before: str
    after: str
    reason: str


@dataclass
class Replay:
    """What happened while time moved."""

    started: datetime  # in UTC
    ended: datetime
    runs: dict[str, int] = field(default_factory=dict)  # function -> how often it ran
    failures: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # function -> days and types
    changes: list[Change] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # secrets whose recovery window ended
    expired: list[str] = field(default_factory=list)  # keys that ended by themselves at their vendor
    left_out: set[str] = field(default_factory=set)  # what the sandbox could not replay, in words
