"""Killed before or after any step that changes a store: readers go on getting a live value, and whoever comes
next goes on, or back.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from keyplan.rotation.moment import Moment
from keyplan.rotation.returning import roll_back
from keyplan.rotation.turning import Kind, Wishes, rotate
from keyplan.stores.base import Stage
from tests.rotation.scenes import NEW, OLD, THIRD, Killed, Person, TickingStore, filled, scene_of

PLACES = {"aws": ("aws",), "gcp": ("gcp",), "both": ("aws", "gcp")}
Stores = list[TickingStore]


def turn(stores: Stores, value: str | None = NEW, wishes: Wishes | None = None) -> None:
    rotate(scene_of(stores), wishes or Wishes(), Person(value))


def back(stores: Stores) -> None:
    roll_back(scene_of(stores), unverified=False, dry_run=False)


def every_kill(stores: Stores, command: Callable[[Stores], None]) -> list[Stores]:
    """What the stores hold after the command was killed at each of its moments in turn."""
    length = copy.deepcopy(stores)
    command(length)
    after = []
    for moment in range(1, length[0].clock.ticks + 1):
        killed = copy.deepcopy(stores)
        killed[0].clock.kill_at = moment
        with pytest.raises(Killed):
            command(killed)
        killed[0].clock.kill_at = None
        after.append(killed)
    assert len(after) >= 4
    return after


def read(stores: Stores) -> list[str | None]:
    return [store.read for store in stores]


def waiting(stores: Stores) -> list[str | None]:
    return [store.value_at(Stage.PENDING) for store in stores]


@pytest.mark.parametrize("clouds", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("value", [OLD, None], ids=["a value before", "the first value"])
def test_a_rotation_that_was_killed_goes_on_with_the_same_value(
    clouds: tuple[str, ...], value: str | None, record_property: Callable[..., None]
) -> None:
    points = every_kill(filled(*clouds, value=value), turn)
    record_property("fault points", f"rotation in memory {len(points)}")
    for stores in points:
        assert set(read(stores)) <= {value, NEW}, "every reader has a live value"
        if set(read(stores)) != {NEW}:
            turn(stores)
        assert read(stores) == [NEW] * len(stores)
        assert waiting(stores) == [None] * len(stores)
        assert [store.value_at(Stage.PREVIOUS) for store in stores] == [value] * len(stores)


@pytest.mark.parametrize("clouds", PLACES.values(), ids=PLACES.keys())
def test_what_waits_somewhere_is_finished_without_giving_the_value_again(clouds: tuple[str, ...]) -> None:
    for stores in every_kill(filled(*clouds), turn):
        moment = scene_of(stores).look().standing.moment
        if moment is Moment.SETTLED:
            continue
        scene = scene_of(stores)
        turned = rotate(scene, Wishes(), Person())
        assert turned.kind is Kind.FINISHED
        assert read(stores) == [NEW] * len(stores)
        assert waiting(stores) == [None] * len(stores)


@pytest.mark.parametrize("clouds", PLACES.values(), ids=PLACES.keys())
def test_a_rotation_that_was_killed_is_taken_back_by_a_rollback(clouds: tuple[str, ...]) -> None:
    for stores in every_kill(filled(*clouds), turn):
        if waiting(stores) != [None] * len(stores) or set(read(stores)) != {OLD}:
            back(stores)
        assert read(stores) == [OLD] * len(stores)
        assert waiting(stores) == [None] * len(stores)


@pytest.mark.parametrize("clouds", PLACES.values(), ids=PLACES.keys())
def test_a_rollback_that_was_killed_is_finished_by_another(clouds: tuple[str, ...]) -> None:
    stores = filled(*clouds)
    turn(stores)
    stores[0].clock.ticks = 0
    points = every_kill(stores, back) if len(clouds) > 1 else []
    for after in points:
        assert set(read(after)) <= {OLD, NEW}
        if set(read(after)) != {OLD}:
            back(after)
        assert read(after) == [OLD] * len(after)
        assert [store.value_at(Stage.PREVIOUS) for store in after] == [NEW] * len(after)


def test_a_rollback_of_a_rotation_that_was_killed_may_be_killed_too() -> None:
    stores = filled("aws", "gcp")
    for half in every_kill(stores, turn):
        if waiting(half) == [None, None]:
            continue
        half[0].clock.ticks = 0
        length = copy.deepcopy(half)
        back(length)
        for moment in range(1, length[0].clock.ticks + 1):
            killed = copy.deepcopy(half)
            killed[0].clock.kill_at = moment
            with pytest.raises(Killed):
                back(killed)
            killed[0].clock.kill_at = None
            assert set(read(killed)) <= {OLD, NEW}
            if set(read(killed)) != {OLD} or waiting(killed) != [None, None]:
                back(killed)
            assert read(killed) == [OLD, OLD]
            assert waiting(killed) == [None, None]


@pytest.mark.parametrize("clouds", PLACES.values(), ids=PLACES.keys())
def test_another_value_takes_the_place_of_one_that_waits_when_that_is_asked_for(
    clouds: tuple[str, ...],
) -> None:
    for stores in every_kill(filled(*clouds), turn):
        rotate(scene_of(stores), Wishes(new=True), Person(THIRD))
        assert read(stores) == [THIRD] * len(stores)
        assert waiting(stores) == [None] * len(stores)


@pytest.mark.parametrize("clouds", PLACES.values(), ids=PLACES.keys())
def test_whoever_may_not_read_finishes_what_waits_everywhere_and_gives_the_value_where_it_lacks(
    clouds: tuple[str, ...],
) -> None:
    for stores in every_kill(filled(*clouds, may_read=False), turn):
        moment = scene_of(stores).look().standing.moment
        if moment is Moment.SETTLED:
            continue
        lacks = moment in (Moment.PENDING_SOME, Moment.UNEVEN)
        scene = scene_of(stores)
        rotate(scene, Wishes(), Person(once_more=NEW if lacks else None, at_terminal=True))
        assert read(stores) == [NEW] * len(stores)
