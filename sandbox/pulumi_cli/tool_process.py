"""Runs a tool that takes minutes: bounded in time, reported while it runs, gone when keyplan is interrupted.

Owns the child process and what of its output may be shown. What the tool does is its caller's business.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.isolation import DROPPED_ENDINGS, DROPPED_PREFIXES, with_proxies

TICK_SECONDS = 15.0
LINES_KEPT = 200
LINES_SHOWN = 8
LINE_CHARACTERS = 300
HELD_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_USER_OF_ADDRESS = re.compile(r"//[^/@\s\"']+@")


class ToolFailed(Exception):  # noqa: N818  # as in keyplan.errors, classes are named for the state
    """A tool that gets the engine could not; the text says which and why, for a person."""


@dataclass(frozen=True)
class Task:
    """A command and how it is watched."""

    name: str
    """What failed, in words: `go build`."""
    arguments: Sequence[str | Path]
    folder: Path
    """Where it runs."""
    environ: Mapping[str, str]
    limit_seconds: float
    on_line: Callable[[str], None]
    """Gets each line of its output, from a thread."""
    on_tick: Callable[[float], None]
    """Gets the seconds since its start, every TICK_SECONDS."""


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """What a tool inherits: its settings and the proxies, for it does leave the machine; no credential."""
    return {
        name: text
        for name, text in with_proxies(environ).items()
        if not name.startswith(DROPPED_PREFIXES) and not name.upper().endswith(DROPPED_ENDINGS)
    }


def run_tool(task: Task) -> list[str]:
    """Run it to its end and return its last lines. Raises ToolFailed when it fails, or takes too long."""
    lines: deque[str] = deque(maxlen=LINES_KEPT)
    process = None
    try:
        with _uninterrupted():  # between its start and our knowing of it nobody could end it
            process = _start(task)
            reader = threading.Thread(target=_read, args=(process, lines, task.on_line), daemon=True)
            reader.start()
        code = _wait(process, task)
    finally:
        if process is not None:
            _end(process)
    reader.join(timeout=TICK_SECONDS)
    if code:
        raise ToolFailed(f"{task.name} failed{shown(lines)}")
    return list(lines)


def shown(lines: Sequence[str] | deque[str]) -> str:
    """The last lines of a tool's output as a person may see them: short, and without a user in an address."""
    last = [_USER_OF_ADDRESS.sub("//", line)[:LINE_CHARACTERS] for line in lines if line.strip()]
    return "".join(f"\n    {line}" for line in last[-LINES_SHOWN:])


def _start(task: Task) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            task.arguments,
            cwd=task.folder,
            env=dict(task.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that it can be ended with everything that it started
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise ToolFailed(f"{task.name} cannot be started ({os.strerror(error.errno or 0).lower()})") from None


def _wait(process: subprocess.Popen[str], task: Task) -> int:
    started = time.monotonic()
    left = task.limit_seconds
    while left > 0:
        try:
            return process.wait(timeout=min(TICK_SECONDS, left))
        except subprocess.TimeoutExpired:
            passed = time.monotonic() - started
            left = task.limit_seconds - passed
            if left > 0:
                task.on_tick(passed)
    raise ToolFailed(f"{task.name} did not end within {task.limit_seconds:.0f} seconds")


def _read(process: subprocess.Popen[str], lines: deque[str], on_line: Callable[[str], None]) -> None:
    assert process.stdout is not None  # noqa: S101  # Popen was called with a pipe
    with process.stdout as stream:
        for line in stream:
            lines.append(line.rstrip())
            on_line(line.rstrip())


def _end(process: subprocess.Popen[str]) -> None:
    with _uninterrupted():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and a kill wait until the end of the block.

    A mask would hold them back from this thread only: another takes the signal, and Python then raises here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python runs its handlers in the main thread only
        return
    waiting: list[int] = []
    before = {
        number: signal.signal(number, lambda arrived, frame: waiting.append(arrived))
        for number in HELD_BACK
        if signal.getsignal(number) is not None
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if waiting:
            signal.raise_signal(waiting[0])
