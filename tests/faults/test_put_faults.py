"""`keyplan put` under every fault: both values or neither, and a second run ends well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.command.environments import fake_key
from tests.faults.answers import Refusal
from tests.faults.clouds import KEY, Clouds, Home, new_home
from tests.faults.command_runs import Run
from tests.faults.points import KILLS, LASTING, LATE, PASSING, Flow, Kind, changes, everything, walk
from tests.faults.summary import PROPERTY

OLD, NEW = fake_key("o"), fake_key("n")
PLACES = {"aws": ("aws",), "gcp": ("gcp",), "both": ("aws", "gcp")}


def put(home: Home, value: str) -> Run:
    return home.clouds.command.run(home.environment.manifest_file, ["put", KEY], value)


def both_have_it(home: Home, again: Run) -> str | None:
    """The second run stored it, or said that it is there already."""
    is_served = set(home.served().values()) == {NEW}
    return None if again.code in (0, 2) and is_served else f"{home.served()} in the end"


def flow_of(clouds: Clouds, place: str, first: bool) -> Flow:
    home = new_home(clouds, PLACES[place])
    if not first:
        assert put(home, OLD).code == 0
    home.save()
    kept = () if first else (OLD,)
    return Flow(home, ["put", KEY], NEW, (OLD, NEW), kept, lambda at: put(at, NEW), both_have_it, not first)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("first", [True, False], ids=["a first value", "a second value"])
@pytest.mark.parametrize("kinds", [KILLS, PASSING, LASTING], ids=["kill -9", "once", "from then on"])
def test_a_fault_at_any_request_of_put_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, place: str, first: bool, kinds: tuple[Kind, ...], record_property: Callable[..., None]
) -> None:
    points, failures = walk(flow_of(clouds, place, first), kinds)
    record_property(PROPERTY, f"put {points}")
    assert failures == [], "\n\n".join(failures)


@pytest.mark.parametrize("place", PLACES)
def test_a_request_of_put_that_arrives_late_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, place: str, record_property: Callable[..., None]
) -> None:
    points, failures = walk(flow_of(clouds, place, False), LATE, changes)
    record_property(PROPERTY, f"put {points}")
    assert failures == [], "\n\n".join(failures)


def test_the_walk_finds_a_value_that_is_served_although_it_is_dead(clouds: Clouds) -> None:
    flow = flow_of(clouds, "aws", False)
    flow.live = (OLD,)
    _, failures = walk(flow, [(Refusal.THROTTLED, KILLS[0][1])], everything)
    assert any("readers on aws get a dead value" in text for text in failures)
