"""The server's log: a few lines in our own words. What else the process prints goes nowhere.

Tracebacks, warnings and messages of libraries may quote a request, and a request may be a value.
"""

from __future__ import annotations

import os
import traceback

_descriptor = 2


def keep_for_ourselves() -> None:
    """From now on only `line` reaches the log that the process was started with."""
    global _descriptor
    _descriptor = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def line(text: str) -> None:
    """Write one line."""
    os.write(_descriptor, f"{text}\n".encode())


def failure(error: BaseException) -> None:
    """One line for an exception: its type and the place in the code, never its message."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line(f"failed: {type(error).__name__} at {frame.filename}:{frame.lineno}")
