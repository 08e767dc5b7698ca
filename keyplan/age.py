"""How old a value is and when it is due. Pure; the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keyplan.durations import Duration


class State(StrEnum):
    """What is to be said about one key."""

    OK = "ok"
    DUE_SOON = "due-soon"
    OVERDUE = "overdue"
    DIFFERS = "differs"  # the clouds that hold the key give different values
    NO_VALUE = "no-value"
    DISABLED = "disabled"  # the version that readers are sent to is switched off
    DESTROYED = "destroyed"  # it is gone for good
    REVOKED = "revoked"  # it was shut because it had leaked
    MISSING = "missing"  # the secret's container is not there
    PENDING_DELETION = "pending-deletion"
    DENIED = "denied"
    UNKNOWN = "unknown"  # the store could not be asked

    @property
    def is_finding(self) -> bool:
        """Whether somebody has to act: what `status --check` looks for."""
        return self not in (State.OK, State.DUE_SOON, State.DENIED, State.UNKNOWN)

    @property
    def is_not_read(self) -> bool:
        """Whether nothing is known about the key."""
        return self in (State.DENIED, State.UNKNOWN)


@dataclass(frozen=True)
class Age:
    """A stored value in time."""

    created: datetime
    due: datetime
    age: timedelta
    state: State


def age_of(created: datetime, now: datetime, rotate_every: Duration, remind_before: Duration) -> Age:
    """The age of a value that was stored at `created` (aware); overdue from the due moment on."""
    due = created + timedelta(seconds=rotate_every.seconds)
    if now >= due:
        state = State.OVERDUE
    elif now >= due - timedelta(seconds=remind_before.seconds):
        state = State.DUE_SOON
    else:
        state = State.OK
    # A store's clock can be ahead of this machine's; a negative age would only puzzle.
    return Age(created, due, max(now - created, timedelta()), state)


def in_words(length: timedelta) -> str:
    """`41d`, `5h` or `3m`: the largest unit that fills one, rounded down."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 60 * 24:
        return f"{minutes // 60}h"
    return f"{minutes // (60 * 24)}d"
