"""`keyplan put` under every fault: both values or neither, and a second run ends well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.answers import Refusal
from tests.faults.clouds import KEY, Clouds, Home, new_home
from tests.faults.command_runs import Run
from tests.faults.points import (
    LASTING,
    LASTING_AT_CHANGES,
    LATE,
    PASSING,
    Flow,
    changes,
    check,
    walk,
    walk_kills,
)
from tests.faults.proxy import Lasts

Record = Callable[..., None]
PLACES = {"aws": ("aws",), "gcp": ("gcp",), "both": ("aws", "gcp")}


def put_again(home: Home) -> Run:
    return home.run("put", KEY, given="n")


def everywhere(home: Home, again: Run) -> str | None:
    """The second run stored it, or said that it is there already."""
    return None if again.code in (0, 2) and home.serves("n") else "the new value is not served in the end"


def flow_of(clouds: Clouds, place: str, first: bool) -> Flow:
    home = new_home(clouds, PLACES[place])
    if not first:
        assert home.run("put", KEY, given="o").code == 0
    home.save()
    return Flow(home, ["put", KEY], put_again, everywhere, "n", () if first else ("o",), serves=not first)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("first", [True, False], ids=["a first value", "a second value"])
def test_kill_9_at_any_request_of_put_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, place: str, first: bool, record_property: Record
) -> None:
    check("put", record_property, walk_kills(flow_of(clouds, place, first)))


@pytest.mark.parametrize("first", [True, False], ids=["a first value", "a second value"])
def test_a_store_that_fails_at_any_request_of_put_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, first: bool, record_property: Record
) -> None:
    flow = flow_of(clouds, "both", first)
    at_changes = walk(flow, PASSING + LASTING_AT_CHANGES, changes)
    check("put", record_property, walk(flow, LASTING), at_changes)


def test_a_request_of_put_that_arrives_late_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    check("put", record_property, walk(flow_of(clouds, "both", False), LATE, changes))


def test_the_walk_finds_a_value_that_is_served_although_it_is_dead(clouds: Clouds) -> None:
    flow = flow_of(clouds, "aws", False)
    clouds.vendor.change(flow.home.keys()["n"].id, status="inactive")
    flow.home.save()
    _, failures = walk(flow, [(Refusal.THROTTLED, Lasts.ONCE)])
    assert any("readers on aws get a dead value" in text for text in failures)
