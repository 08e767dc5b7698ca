"""Gets an engine into keyplan's cache: with Pulumi's installer, else by building it. Once, and whole or not.

Owns the order, the lock and the place. An engine is made in a folder with another name and renamed when it
has answered: one that was interrupted, killed or failed is never found.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from keyplan.errors import KeyplanError
from sandbox.pulumi_cli.build import GO_PAGE, build_engine, needed_go
from sandbox.pulumi_cli.find import (
    INSTALL_PAGE,
    OBTAIN_COMMAND,
    OWN_COPY,
    PROGRAM,
    Engine,
    PassedOver,
    cache_directory,
    examine,
    search,
)
from sandbox.pulumi_cli.installer import install_engine
from sandbox.pulumi_cli.tool_process import TICK_SECONDS, ToolFailed

UNFINISHED = ".unfinished-"
LOCK = ".lock"
POLL_SECONDS = 0.5
Report = Callable[[str], None]
Way = Callable[[Path, Mapping[str, str], Report], None]
WAYS: tuple[tuple[str, Way], ...] = (("Pulumi's installer", install_engine), ("building it", build_engine))


def obtain_engine(environ: Mapping[str, str], report: Report) -> Engine:
    """The engine of this machine; when there is none, one is installed or built now, which takes minutes.

    `report` gets lines that say what is done while it runs. Raises KeyplanError with what failed and what
    the person can do.
    """
    found = search(environ)
    if found.engine is not None:
        return found.engine
    cache = cache_directory(environ)
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _signals_end_it(), _one_at_a_time(cache, report):
            found = search(environ)  # whoever held the lock may have got one
            return found.engine or _obtain(cache, environ, report, found.passed_over)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise KeyplanError(
            f"no engine can be kept in {cache} ({reason})",
            f"make room there or set XDG_CACHE_HOME, or install Pulumi: {INSTALL_PAGE}",
        ) from None


def _obtain(
    cache: Path, environ: Mapping[str, str], report: Report, passed_over: tuple[PassedOver, ...]
) -> Engine:
    for leftover in cache.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)  # of a process that was killed: the lock is ours
    for one in passed_over:
        report(f"passed over: {one}")
    failures = []
    for name, way in WAYS:
        started = time.monotonic()
        try:
            engine = _by(way, cache, environ, report)
        except ToolFailed as failure:
            failures.append(f"\n  {name}: {failure}")
            if len(failures) < len(WAYS):  # the last is told with all others
                report(f"{name}: {failure}; trying the next way")
        else:
            report(f"pulumi {engine.version} is ready after {time.monotonic() - started:.0f} seconds")
            return engine
    raise KeyplanError(
        f"no engine could be got{''.join(failures)}",
        f"install Pulumi ({INSTALL_PAGE}) or Go {needed_go()} or newer ({GO_PAGE}), then {OBTAIN_COMMAND}",
    )


def _by(way: Way, cache: Path, environ: Mapping[str, str], report: Report) -> Engine:
    """Get it in one way and put it in its place. Raises ToolFailed; nothing is left then."""
    folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=cache))
    try:
        way(folder, environ, report)
        made = examine(folder / "engine" / "bin" / PROGRAM, OWN_COPY, environ)
        if isinstance(made, PassedOver):
            raise ToolFailed(f"what came out {made.reason}")
        place = cache / f"v{made.version}"
        if place.exists():
            os.rename(place, folder / "replaced")  # the search has just found it unusable
        os.rename(folder / "engine", place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    placed = examine(place / "bin" / PROGRAM, OWN_COPY, environ)
    if isinstance(placed, PassedOver):
        raise ToolFailed(f"what came out {placed.reason}")
    return placed


@contextmanager
def _one_at_a_time(cache: Path, report: Report) -> Iterator[None]:
    """Hold the cache's lock, waiting for whoever has it. It ends with its process, however that ends."""
    descriptor = os.open(cache / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        started = told = time.monotonic()
        if not _locked(descriptor):
            report("another command is getting the engine; waiting for it")
            while not _locked(descriptor):
                time.sleep(POLL_SECONDS)
                if time.monotonic() - told >= TICK_SECONDS:
                    told = time.monotonic()
                    report(f"still waiting: {told - started:.0f} seconds")
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Have a kill and a closed terminal clean up as Ctrl-C does: the compiler must not go on alone."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only there can handlers be set
        return
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
