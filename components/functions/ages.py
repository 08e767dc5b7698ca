"""How old a key's value is, what that means, and on which days it is said again. Pure: no clock, no cloud.

Who speaks when. An alarm's change to ALARM brings the first message of a state, through the function. Later
messages come from the daily run. Both decide with the functions here, from the same dates, so that one
moment never has two messages: the alarm's message is sent exactly when the daily run of that moment would
stay silent. Times are compared with the run's own time, which makes a run repeatable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

DAY = timedelta(days=1)
DUE_REPEAT_DAYS = 7  # a key that is only due soon is mentioned once a week; everything else once a day


class State(StrEnum):
    """What a key needs, worst first: `worst_first` sorts by this order."""

    OVERDUE = "overdue"
    NO_VALUE = "no value"
    UNREADABLE = "unreadable"
    DUE = "due soon"
    FRESH = "fresh"


_SEVERITY = {state: rank for rank, state in enumerate(State)}


class Problem(StrEnum):
    """Why the metadata of a secret could not be read."""

    PENDING_DELETION = "pending deletion"
    DENIED = "denied"
    MISSING = "missing"
    DISABLED = "disabled"  # there is a current value, and the store gives it to nobody
    FAILED = "failed"


@dataclass(frozen=True)
class Rule:
    """One key, as settings.json describes it."""

    name: str
    owner: str
    recipient: str  # where messages to its owner go: on AWS a topic's ARN, on Google Cloud the address itself
    vendor: str
    secret: str  # what the store is asked for: on AWS the ARN, on Google Cloud the resource's name
    secret_name: str
    consumers: tuple[str, ...]  # for reading: `chat-api (ecs)`
    suggested_name: str  # of the new key, in the vendor's console
    created_at: str  # where the vendor's keys are made: an address, or words
    rotate_every: str  # the catalogue's own form, `90d`, for reading
    grace: str
    due_at_days: float  # the same numbers as the thresholds of the alarms, so that both always agree
    overdue_at_days: float

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rule:
        """Read one entry of `keys` in settings.json."""
        return cls(
            name=data["name"],
            owner=data["owner"],
            recipient=data["recipient"],
            vendor=data["vendor"],
            secret=data["secret"],
            secret_name=data["secretName"],
            consumers=tuple(data["consumers"]),
            suggested_name=data["suggestedName"],
            created_at=data["createdAt"],
            rotate_every=data["rotateEvery"],
            grace=data["grace"],
            due_at_days=data["dueAtDays"],
            overdue_at_days=data["overdueAtDays"],
        )


@dataclass(frozen=True)
class Reading:
    """What the store says about one secret; metadata only."""

    value_created: datetime | None = None  # of the AWSCURRENT version; none: nobody has put a value yet
    container_created: datetime | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Assessment:
    """What one key needs at one moment."""

    rule: Rule
    state: State
    age_days: float | None  # of the value; none without one
    waited_days: float  # how long this state has lasted; unknown counts as long
    counted_days: float  # how long the key has needed attention at all
    last_change: datetime | None = None
    due_on: datetime | None = None
    problem: Problem | None = None

    @property
    def needs_attention(self) -> bool:
        """Whether somebody has to do something about the key."""
        return self.state is not State.FRESH

    @property
    def lacks_value(self) -> bool:
        """Whether no value can be seen: there is none, or the secret cannot be looked at."""
        return self.state in (State.NO_VALUE, State.UNREADABLE)


LONG = 36_500.0  # days; stands for "since an unknown time", so that nothing waits for a first day


def assess(rule: Rule, reading: Reading, now: datetime) -> Assessment:
    """What the key needs at `now`, which is an aware time."""
    if reading.problem is not None:
        return Assessment(rule, State.UNREADABLE, None, LONG, LONG, problem=reading.problem)
    if reading.value_created is None:
        waited = LONG if reading.container_created is None else _days(reading.container_created, now)
        return Assessment(rule, State.NO_VALUE, None, waited, waited)
    age = _days(reading.value_created, now)
    counted = age - rule.due_at_days
    if age >= rule.overdue_at_days:
        state, waited = State.OVERDUE, age - rule.overdue_at_days
    elif age >= rule.due_at_days:
        state, waited = State.DUE, counted
    else:
        state, waited = State.FRESH, 0.0
    due_on = reading.value_created + timedelta(days=rule.overdue_at_days)
    return Assessment(rule, state, age, waited, max(counted, 0.0), reading.value_created, due_on)


def repeats(found: Assessment) -> bool:
    """Whether the daily run speaks of this key on its own account.

    The first day of a state belongs to the alarm. A secret that cannot be looked at has no known first day
    and is mentioned every day.
    """
    whole_days = int(found.waited_days)
    if found.state is State.FRESH:
        return False
    if found.state is State.DUE:
        return whole_days > 0 and whole_days % DUE_REPEAT_DAYS == 0
    return whole_days > 0


def speaks(found: Assessment) -> bool:
    """Whether a daily run that has no alarms beside it speaks of this key: on the first day too."""
    return found.state is not State.FRESH and (repeats(found) or int(found.waited_days) == 0)


def escalates(found: Assessment, escalate_after_days: float) -> bool:
    """Whether the environment's owner hears of it too, besides the key's."""
    if found.state is State.UNREADABLE:
        return True
    return found.state in (State.OVERDUE, State.NO_VALUE) and found.waited_days >= escalate_after_days


def list_is_daily(listed: Iterable[Assessment], counted: Iterable[Assessment]) -> bool:
    """Whether the daily run sends a list of keys, or leaves it to the alarm that counts them.

    Args:
        listed: the keys that one recipient would read about.
        counted: every key that the alarm's metric counts. While one of them was already counted the day
            before, the alarm is in ALARM and will not change, so a key that joins is the daily run's to tell.
    """
    listed = tuple(listed)
    if any(repeats(found) for found in listed):
        return True
    alarm_is_on = any(found.counted_days >= 1 for found in counted)
    return alarm_is_on and any(found.waited_days < 1 for found in listed)


def worst_first(found: Iterable[Assessment]) -> list[Assessment]:
    """Overdue longest, then without a value, unreadable, due soonest; by name where all else is equal."""
    return sorted(
        found,
        key=lambda one: (_SEVERITY[one.state], -one.waited_days, one.rule.name),
    )


def _days(start: datetime, now: datetime) -> float:
    # A value that is put after the run's nominal time has age zero, not a negative one.
    return max((now - start) / DAY, 0.0)
