"""A program that is forked is to the sandbox what the process that it started would have been."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked.programs import forking_programs
from tests.sandbox_pulumi.engine_process import wait_until

PROGRAM = """
import json, os, signal, sys
loaded = [name in sys.modules for name in ("pulumi_aws", "keyplan")]
print(json.dumps([os.getpid(), *loaded, os.environ["SAID"]]), flush=True)
asked = sys.stdin.readline().strip()
os.write(int(sys.stdin.readline()), b"result")
if asked == "wait":
    signal.pause()
os._exit(int(asked))
"""


@pytest.fixture
def start(tmp_path: Path) -> subprocess.Popen[str]:
    """A program, as the sandbox starts one."""
    return started(tmp_path)


def started(tmp_path: Path, *passed: int) -> subprocess.Popen[str]:
    """A program that also has the descriptors `passed`."""
    variables = forking_programs(tmp_path)
    if not variables:
        pytest.skip("no process can be watched here as a fork has to be")
    file = tmp_path / "sandbox" / "program" / "child.py"
    file.parent.mkdir(parents=True)
    file.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, "-P", str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **variables, "SAID": "yes"},
        text=True,
        pass_fds=passed,
        start_new_session=True,
    )


def told(start: subprocess.Popen[str], asked: str, result: int = 1) -> int:
    """Tell it what to do; returns the number of the process that the program has."""
    assert start.stdin is not None
    assert start.stdout is not None
    pid, loaded, own, said = json.loads(start.stdout.readline())
    assert (pid != start.pid, loaded, own, said) == (True, True, False, "yes")
    start.stdin.write(f"{asked}\n{result}\n")
    start.stdin.flush()
    return int(pid)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_its_exit_code_and_its_words_are_the_starters(start: subprocess.Popen[str]) -> None:
    with start:
        told(start, "7")
        assert start.stdout is not None
        assert start.stdout.read() == "result"
    assert start.returncode == 7


@pytest.mark.parametrize("number", [31, 32, 99, 100, 101, 102, 103, 104, 105, 300])
def test_a_pipe_under_any_number_is_its_own(tmp_path: Path, number: int) -> None:
    """A test process that has many files open gives its programs high numbers."""
    reading, writing = os.pipe()
    high = fcntl.fcntl(writing, fcntl.F_DUPFD, number)
    os.close(writing)
    with started(tmp_path, high) as program, os.fdopen(reading) as heard:
        os.close(high)
        told(program, "0", result=high)
        assert heard.read() == "result"
    assert program.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_it_and_ends_both(start: subprocess.Popen[str], number: signal.Signals) -> None:
    with start:
        pid = told(start, "wait")
        start.send_signal(number)
    assert start.returncode == (-number if number == signal.SIGTERM else 1)
    assert not is_there(pid)


def test_it_is_killed_with_its_starter(start: subprocess.Popen[str]) -> None:
    with start:
        pid = told(start, "wait")
        start.kill()
    wait_until(lambda: not is_there(pid))
