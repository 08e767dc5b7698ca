"""Processor time by the kind of process, while something runs: Linux only, from /proc.

The processes are this one's descendants. Each is looked at every PERIOD_SECONDS and counts with what it had
used when it was last seen, so that up to one period of each is missing. A process that does not descend from
this one (the emulator's server) is read before and after instead.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

PERIOD_SECONDS = 0.05
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


class CpuSeconds:
    """Adds up what the descendants of this process use; a context manager, read after its end."""

    def __init__(self, kind_of: Callable[[list[str]], str]) -> None:
        """Watch from `with` to its end.

        Args: kind_of: names a process by its command line.
        """
        self.watching_seconds = 0.0
        """What the watching itself used."""
        self._kind_of = kind_of
        self._kinds: dict[str, str] = {}
        self._used: dict[str, float] = {}
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> CpuSeconds:
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._watcher.join()

    def by_kind(self) -> dict[str, float]:
        """Seconds of each kind of process."""
        seconds: defaultdict[str, float] = defaultdict(float)
        for process, used in self._used.items():
            seconds[self._kinds[process]] += used
        return dict(seconds)

    def _watch(self) -> None:
        while True:
            begun = time.monotonic()
            for pid in _descendants(os.getpid()):
                with suppress(OSError):  # it has ended
                    self._look_at(pid)
            self.watching_seconds = time.thread_time()
            if self._ended.wait(max(0.0, PERIOD_SECONDS - (time.monotonic() - begun))):
                return

    def _look_at(self, pid: int) -> None:
        fields = _fields(pid)
        words = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
        if len(words) == 1:
            return  # it has ended, and nobody has waited for it yet
        # A number that is used again has another start. A process becomes another program by exec.
        process = f"{pid}-{fields[19]}"
        self._kinds[process] = self._kind_of(words)
        self._used[process] = _used(fields)


def cpu_seconds(pid: int) -> float:
    """What a process and its threads have used so far, children left out."""
    return _used(_fields(pid))


def _fields(pid: int) -> list[str]:
    """Fields 3 and up of /proc/PID/stat; the second may contain spaces. Source: proc(5)."""
    return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(") ")[2].split()


def _used(fields: list[str]) -> float:
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _descendants(pid: int) -> Iterator[int]:
    children: list[int] = []
    with suppress(OSError):
        for thread in (PROC / str(pid) / "task").iterdir():
            children += map(int, (thread / "children").read_text().split())
    for child in children:
        yield child
        yield from _descendants(child)
