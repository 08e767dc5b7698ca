"""Updates that are killed: the next one says what it found, and ends where it would have without the kill."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from sandbox.pulumi_cli.find import Engine
from tests.end_to_end.project_copy import ProjectCopy
from tests.sandbox_pulumi.engine_copy import WITHOUT_ASKING, clients, give_engine, resources, up
from tests.sandbox_pulumi.engine_process import (
    EXPLAINED,
    Running,
    engine_of,
    locks,
    recorded,
    running,
    running_up,
    secrets,
    under_way,
    write_catalogue,
)
from tests.sandbox_pulumi.inventory import Inventory, comparable, inventory

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
LOCK_REMOVED = "the last update was killed while it held the stack's lock: the lock is removed"
EXPLANATION = "the last update was killed; what it was doing at that moment:"


@pytest.fixture(scope="module")
def undisturbed(make_copy: Callable[[], ProjectCopy], real_engine: Engine) -> ProjectCopy:
    """A sandbox whose dev went up without a fault."""
    copy = give_engine(make_copy(), real_engine)
    write_catalogue(copy)
    up(copy, "dev")
    return copy


@pytest.fixture(scope="module")
def intended(undisturbed: ProjectCopy) -> Inventory:
    """What a cloud has after that."""
    return cloud_of(undisturbed)


@pytest.fixture(scope="module")
def total(undisturbed: ProjectCopy, intended: Inventory) -> int:
    """How many resources that are."""
    return recorded(undisturbed)


@pytest.fixture
def copy(fresh: ProjectCopy, real_engine: Engine) -> ProjectCopy:
    """A sandbox of the test's own with nothing in it."""
    give_engine(fresh, real_engine)
    write_catalogue(fresh)
    return fresh


def cloud_of(copy: ProjectCopy) -> Inventory:
    """What the cloud has. The functions' code holds ARNs of secrets, whose ends are random."""
    found = comparable(inventory(clients(copy)))
    random = ("CodeSha256", "CodeSize")
    return {
        name: {field: value for field, value in document.items() if field not in random}
        for name, document in found.items()
    }


def is_as_intended(copy: ProjectCopy, intended: Inventory) -> None:
    assert cloud_of(copy) == intended
    up(copy, "dev", "--expect-no-changes")
    assert under_way(copy) == set()
    assert locks(copy) == []


def is_updating(update: Running) -> bool:
    return "Updating (dev)" in update.said


def test_an_update_that_is_killed_again_and_again_goes_on_where_it_was(
    copy: ProjectCopy, intended: Inventory, total: int
) -> None:
    points: list[Callable[[], bool]] = [
        lambda: True,  # before the first resource
        lambda: bool(secrets(copy)),
        lambda: recorded(copy) > total // 2 and bool(under_way(copy)),
    ]
    left: set[str] = set()
    for point in points:
        with running_up(copy) as update:
            # Past what it had to recover, for which Pulumi takes locks too.
            update.wait_for(partial(is_updating, update))
            update.wait_for(point)
            said = update.kill()
        assert set(EXPLAINED.findall(said)) == left
        assert (LOCK_REMOVED in said) == (point is not points[0])
        assert (EXPLANATION in said) == bool(left)
        assert len(locks(copy)) == 1
        left = under_way(copy)
    said = up(copy, "dev").stderr
    assert set(EXPLAINED.findall(said)) == left
    is_as_intended(copy, intended)


def test_after_a_kill_of_the_engine_alone_its_command_ends_and_the_next_update_recovers(
    copy: ProjectCopy, intended: Inventory
) -> None:
    with running_up(copy) as update:
        update.wait_for(lambda: bool(under_way(copy)))
        engine = engine_of(copy)
        os.kill(engine, signal.SIGSTOP)
        while not under_way(copy):  # it may have come between two resources meanwhile
            os.kill(engine, signal.SIGCONT)
            update.wait_for(lambda: bool(under_way(copy)))
            os.kill(engine, signal.SIGSTOP)
        os.kill(engine, signal.SIGKILL)
        code, said = update.ended()
    assert code == 128 + signal.SIGKILL
    assert "Traceback" not in said
    left = under_way(copy)
    assert left
    said = up(copy, "dev").stderr
    assert LOCK_REMOVED in said
    assert set(EXPLAINED.findall(said)) == left
    is_as_intended(copy, intended)


def test_a_destruction_that_is_killed_is_ended_by_the_next(
    undisturbed: ProjectCopy, intended: Inventory, total: int
) -> None:
    copy = undisturbed
    with running(copy, "pulumi", "destroy", "--stack=dev", *WITHOUT_ASKING) as destruction:
        destruction.wait_for(lambda: recorded(copy) < total * 2 // 3 and bool(under_way(copy)))
        destruction.kill()
    left = under_way(copy)
    ran = copy.sandbox("pulumi", "destroy", "--stack=dev", *WITHOUT_ASKING)
    assert ran.code == 0, ran.said
    assert LOCK_REMOVED in ran.stderr
    assert set(EXPLAINED.findall(ran.stderr)) == left
    assert resources(copy, "dev") == {}
    remaining = {name.partition(" ")[0] for name in inventory(clients(copy))}
    assert remaining == {"deleted"}
