"""Two updates at once, and updates that are interrupted: nothing is lost, and the user is told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from sandbox.pulumi_cli.find import Engine
from tests.end_to_end.project_copy import LIMIT_SECONDS, ProjectCopy
from tests.sandbox_pulumi.engine_copy import WITHOUT_ASKING, give_engine, up
from tests.sandbox_pulumi.engine_process import (
    locks,
    processes_of,
    running,
    running_up,
    secrets,
    under_way,
    wait_until,
    write_catalogue,
)

LOCKED = re.compile(r"the stack is currently locked by 1 lock\(s\)")


@pytest.fixture(scope="module")
def copy(make_copy: Callable[[], ProjectCopy], real_engine: Engine) -> ProjectCopy:
    """A sandbox whose tests follow each other."""
    made = give_engine(make_copy(), real_engine)
    write_catalogue(made)
    return made


def test_a_second_update_of_a_stack_is_refused_with_its_lock_and_the_first_is_unharmed(
    copy: ProjectCopy,
) -> None:
    with running_up(copy) as first:
        first.wait_for(lambda: bool(locks(copy)) and bool(under_way(copy)))
        os.killpg(first.process.pid, signal.SIGSTOP)  # it stays there until the second has ended
        held = locks(copy)
        second = up(copy, "dev", code=1)
        assert locks(copy) == held
        os.killpg(first.process.pid, signal.SIGCONT)
        code, said = first.ended()
    assert code == 0, said
    assert LOCKED.search(second.said)
    assert "killed" not in second.said
    up(copy, "dev", "--expect-no-changes")
    assert locks(copy) == []


def test_an_interrupted_update_ends_in_good_order_and_the_next_goes_on(copy: ProjectCopy) -> None:
    with running(copy, "pulumi", "destroy", "--stack=dev", *WITHOUT_ASKING) as destruction:
        destruction.wait_for(lambda: bool(locks(copy)) and bool(under_way(copy)))
        destruction.signal_group(signal.SIGINT)
        code, said = destruction.ended()
    assert code == 130, said
    assert "Traceback" not in said
    assert locks(copy) == []
    assert under_way(copy) == set()
    assert copy.sandbox("pulumi", "destroy", "--stack=dev", *WITHOUT_ASKING).code == 0


def test_a_reader_that_goes_away_leaves_no_process_and_no_traceback(copy: ProjectCopy) -> None:
    command = [sys.executable, "-m", "sandbox", "pulumi", "stack", "ls"]
    with subprocess.Popen(
        command, cwd=copy.directory, env=copy.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
        process.wait(LIMIT_SECONDS)
    wait_until(lambda: not processes_of(copy))
    assert "Traceback" not in said
    assert secrets(copy) == []


def test_a_second_sandbox_command_is_refused_while_one_prepares(copy: ProjectCopy) -> None:
    with running(copy, "up") as first:
        first.wait_for(lambda: "engine: Pulumi" in first.said)
        second = copy.sandbox("up")
        code, said = first.ended()
    assert code == 0, said
    assert second.code == 4
    assert "another sandbox command is changing this sandbox now" in second.stderr
