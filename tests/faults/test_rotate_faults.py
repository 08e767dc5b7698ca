"""`keyplan rotate` and its going on, and `keyplan rollback`, under every fault: readers have a live value at
every moment, and a second run ends well wherever the first one stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.clouds import KEY, Clouds, Home, new_home
from tests.faults.command_runs import Run
from tests.faults.points import (
    AT_VENDOR,
    LASTING,
    LASTING_AT_CHANGES,
    LATE,
    PASSING,
    REFUSED_BY_VENDOR,
    Flow,
    at_stores,
    at_vendor,
    changes_a_store,
    check,
    walk,
    walk_kills,
)
from tests.faults.proxy import Blow, Fault

BOTH = ("aws", "gcp")
Record = Callable[..., None]
STORE_TROUBLE = PASSING + LASTING + LASTING_AT_CHANGES


def is_stored(home: Home) -> bool:
    """Whether any store has the new value."""
    return any(home.values["n"] in values for values in home.readable().values())


def go_on(home: Home) -> Run:
    """First without a value: where any store has it already, that has to be enough."""
    was_stored = is_stored(home)
    run = home.run("rotate", KEY)
    if home.serves("n") or was_stored:
        return run
    return home.run("rotate", KEY, given="n")


def everywhere(home: Home, _again: Run) -> str | None:
    return None if home.serves("n") else "the new value is not served in the end"


def begun(clouds: Clouds, names: tuple[str, ...] = BOTH) -> Home:
    """An environment whose readers get the old value."""
    home = new_home(clouds, names)
    assert home.run("put", KEY, given="o").code == 0
    home.save()
    return home


def rotation(home: Home) -> Flow:
    return Flow(home, ["rotate", KEY], go_on, everywhere, given="n", kept=("o",))


def stops(home: Home) -> Iterator[str]:
    """Bring the environment into each state in which a killed rotation can leave it, one after the other."""
    flow = rotation(home)
    before = dict(home.kept)
    seen = {home.state()}
    for request in filter(changes_a_store, flow.run(None).asked):
        home.kept = before
        run = flow.run(Fault(Blow.KILLED_AFTER, request.number))
        if home.state() not in seen:
            seen.add(home.state())
            home.save()
            yield str(run.struck)
    home.kept = before


@pytest.mark.parametrize("names", [("aws",), ("gcp",), BOTH], ids=["aws", "gcp", "both"])
def test_kill_9_at_any_request_of_a_rotation_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, names: tuple[str, ...], record_property: Record
) -> None:
    flow = rotation(begun(clouds, names))
    check("rotate", record_property, walk_kills(flow))


def test_a_store_that_fails_at_any_request_of_a_rotation_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    flow = rotation(begun(clouds))
    at_changes = walk(flow, PASSING + LASTING_AT_CHANGES, changes_a_store)
    check("rotate", record_property, walk(flow, LASTING, at_stores), at_changes)


def test_a_change_that_arrives_late_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    flow = rotation(begun(clouds))
    check("rotate", record_property, walk(flow, LATE, changes_a_store))


def stays_out(home: Home, run: Run) -> str | None:
    """What the vendor did not accept is not even stored."""
    if run.struck is None:
        return None
    return "a value that was not accepted is stored" if is_stored(home) or run.code == 0 else None


def test_whatever_the_vendor_answers_a_rotation_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    flow = rotation(begun(clouds))
    passing = walk(flow, AT_VENDOR, at_vendor)
    flow.holds = stays_out
    check("rotate", record_property, passing, walk(flow, REFUSED_BY_VENDOR, at_vendor))


def test_kill_9_of_the_run_that_goes_on_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    home = begun(clouds)
    flow = Flow(home, ["rotate", KEY], go_on, everywhere, kept=("o",))
    walks = [walk_kills(flow) for _ in stops(home) if is_stored(home) and not home.serves("n")]
    assert len(walks) >= 2
    check("go on", record_property, *walks)


def test_a_dead_value_that_waits_is_never_promoted(clouds: Clouds) -> None:
    home = begun(clouds)
    waited = 0
    for _ in stops(home):
        if home.values["n"] not in home.served().values():
            waited += 1
            clouds.vendor.change(home.keys()["n"].id, status="inactive")
            assert home.run("rotate", KEY).code != 0
            assert home.serves("o")
            clouds.vendor.change(home.keys()["n"].id, status="active")
    assert waited >= 2


def back(home: Home) -> Run:
    """What somebody does who wants the old value and does not know what a command that was killed did."""
    return home.run("history", KEY) if home.serves("o") else home.run("rollback", KEY)


def as_before(home: Home, again: Run) -> str | None:
    return None if home.serves("o") and again.code in (0, 1) else "the old value is not served in the end"


def test_kill_9_of_a_rollback_from_any_state_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    home = begun(clouds)
    flow = Flow(home, ["rollback", KEY], back, as_before, kept=("o",))
    walks = [walk_kills(flow) for _ in stops(home) if is_stored(home)]
    check("roll back", record_property, *walks)


def test_a_store_that_fails_during_a_rollback_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    home = begun(clouds)
    assert home.run("rotate", KEY, given="n").code == 0
    home.save()
    flow = Flow(home, ["rollback", KEY], back, as_before, kept=("o", "n"))
    check("roll back", record_property, walk(flow, STORE_TROUBLE, changes_a_store))
