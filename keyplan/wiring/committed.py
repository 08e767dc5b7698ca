"""Reading a file that is to be compared with its wiring: from inside the project, or from standard input.

The lines that differ are printed, in CI into a log. A path may come from a pull request, and so may a
symbolic link at that path: only what lies in the project, symbolic links followed, is read. Standard input
may be anything, because whoever writes the redirection chose it.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from keyplan.checks.pasted import is_key_like
from keyplan.errors import UsageError
from keyplan.manifest.sources import find_project

STANDARD_INPUT = "-"
SIZE_MAX_BYTES = 1_048_576  # far more than any wiring


def name_of(given: str) -> str:
    """What a path is called in words: somebody may have typed a value there."""
    if given == STANDARD_INPUT:
        return "standard input"
    if is_key_like(given) or not given.isprintable():
        return "the file that --check names"
    return given


def read(given: str, *, anywhere: bool = False) -> bytes:
    """What a file holds.

    Args:
        given: its path, or `-` for standard input.
        anywhere: whether it may lie outside the project: nothing of it is printed.

    Raises:
        UsageError: there is no such file, it is none, it cannot be read, it is too large, or it lies outside.
    """
    name = name_of(given)
    if given == STANDARD_INPUT:
        if sys.stdin is None:
            raise UsageError("there is nothing to compare: standard input is closed")
        return _not_too_large(sys.stdin.buffer.read(SIZE_MAX_BYTES + 1), name)
    if not anywhere:
        _require_inside(given, name)
    try:
        # A pipe would be waited for, until somebody writes into it.
        descriptor = os.open(given, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise UsageError(f"{name} is not there", "the same with --output writes it") from None
    except (OSError, ValueError) as error:
        code = error.errno or 0 if isinstance(error, OSError) else 0
        why = os.strerror(code).lower() if code else "it is no path"
        raise UsageError(f"{name} cannot be read: {why}") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder, not a file" if stat.S_ISDIR(mode) else "not a regular file"
        raise UsageError(f"{name} is {what}")
    with open(descriptor, "rb") as file:
        return _not_too_large(file.read(SIZE_MAX_BYTES + 1), name)


def _not_too_large(content: bytes, name: str) -> bytes:
    if len(content) > SIZE_MAX_BYTES:
        raise UsageError(f"{name} is larger than {SIZE_MAX_BYTES // 1024} KiB: it is no wiring")
    return content


def _require_inside(given: str, name: str) -> None:
    root = _project()
    try:
        path = Path(given).resolve()
    except (OSError, RuntimeError, ValueError):
        raise UsageError(f"{name} leads through symbolic links in a circle, or is no path") from None
    if not path.is_relative_to(root) or ".git" in path.relative_to(root).parts:
        raise UsageError(
            f"{name} is outside the project {root}: what differs would be printed",
            "give its content on standard input: --check - < FILE",
        )


def _project() -> Path:
    """The git work tree; without one the directory of Pulumi.yaml, or else the current one."""
    current = Path.cwd().resolve()
    for folder in (current, *current.parents):
        if os.path.lexists(folder / ".git"):
            return folder
    return Path(find_project() or current).resolve()
