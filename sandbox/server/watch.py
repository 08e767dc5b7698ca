"""End the server when its record is gone: a deleted checkout must not leave a cloud running."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from sandbox.server import log
from sandbox.server.record import read_record

PERIOD_SECONDS = 5.0


def end_with_record(directory: Path, instance: str, period_seconds: float = PERIOD_SECONDS) -> None:
    """Watch the record from a thread, and end the process once it is missing or another server's, twice."""
    threading.Thread(target=_watch, args=(directory, instance, period_seconds), daemon=True).start()


def _watch(directory: Path, instance: str, period_seconds: float) -> None:
    missed = 0
    while missed < 2:  # a file system that is away for a moment is no reason to lose what is stored
        time.sleep(period_seconds)
        missed = 0 if _is_recorded(directory, instance) else missed + 1
    log.line("the record of this server is gone, so it ends")
    os._exit(0)


def _is_recorded(directory: Path, instance: str) -> bool:
    try:
        record = read_record(directory)
    except OSError:
        return False
    return record is not None and record.instance == instance
