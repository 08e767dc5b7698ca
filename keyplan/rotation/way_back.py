"""Which steps take readers back to the value that they had before, or why there are none. Pure.

A rotation that is under way is taken back whole: readers who have the new value already go back first, so
that a rollback that was killed is told from a rotation that was. Otherwise current and previous change
places, wherever readers do not have the value already that all stores can give.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from keyplan.rotation.moment import dead_marks, mark_of, newest_of, pending_of
from keyplan.stores.base import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.stores.base import SecretState


class Why(StrEnum):
    """Why readers cannot be sent back."""

    NOTHING_BEFORE = "nothing-before"  # in some store there is no value before this one
    DIFFERENT = "different"  # the stores have no value in common that they could all go back to
    DEAD = "dead"  # the value before is retired or revoked


class Move(StrEnum):
    """A step in one store."""

    GO_BACK = "go-back"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class WayBack:
    """What is to be done. Either there are moves, or a reason."""

    moves: tuple[tuple[str, Move], ...] = ()  # (cloud, move), in order
    mark: str | None = None  # the value that readers get afterwards; None where only pending ones go
    why: Why | None = None
    clouds: tuple[str, ...] = ()  # where the reason is


def way_back(states: Mapping[str, SecretState]) -> WayBack:
    """The steps from what each store says, by cloud, to what readers had before."""
    waiting = {
        cloud: mark_of(cloud, version)
        for cloud, state in states.items()
        if (version := pending_of(state)) is not None
    }
    if waiting:
        promoted = [
            cloud
            for cloud, state in states.items()
            if cloud not in waiting and mark_of(cloud, state.current) in waiting.values()
        ]
        back = _changed_places(states, promoted) if promoted else WayBack()
        return WayBack(
            back.moves + tuple((cloud, Move.WITHDRAW) for cloud in waiting) if back.why is None else (),
            back.mark,
            back.why,
            back.clouds,
        )
    goal = _goal(states)
    if isinstance(goal, WayBack):
        return goal
    return _changed_places(
        states, [cloud for cloud, state in states.items() if mark_of(cloud, state.current) != goal]
    )


def _goal(states: Mapping[str, SecretState]) -> str | WayBack:
    """The value that readers everywhere can get, and do not all get now."""
    current = {cloud: mark_of(cloud, state.current) for cloud, state in states.items()}
    reachable = [
        {mark for mark in (current[cloud], _previous_mark(cloud, state)) if mark is not None}
        for cloud, state in states.items()
    ]
    common = set.intersection(*reachable)
    if len(set(current.values())) == 1:
        common -= set(current.values())
    if not common:
        missing = tuple(cloud for cloud, state in states.items() if state.at(Stage.PREVIOUS) is None)
        return WayBack(why=Why.NOTHING_BEFORE if missing else Why.DIFFERENT, clouds=missing or tuple(states))
    last = current[newest_of(states)]
    # Where one store has gone back and another not yet, both values are everywhere: on with what was begun.
    return last if last in common else min(common)


def _changed_places(states: Mapping[str, SecretState], clouds: list[str]) -> WayBack:
    before = {cloud: states[cloud].at(Stage.PREVIOUS) for cloud in clouds}
    missing = tuple(cloud for cloud, version in before.items() if version is None)
    if missing:
        return WayBack(why=Why.NOTHING_BEFORE, clouds=missing)
    marks = {cloud: mark_of(cloud, version) for cloud, version in before.items()}
    dead = dead_marks(states)
    ended = tuple(cloud for cloud, mark in marks.items() if mark in dead)
    if ended:
        return WayBack(why=Why.DEAD, clouds=ended)
    return WayBack(tuple((cloud, Move.GO_BACK) for cloud in clouds), marks[clouds[0]])


def _previous_mark(cloud: str, state: SecretState) -> str | None:
    return mark_of(cloud, state.at(Stage.PREVIOUS))
