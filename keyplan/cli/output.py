"""What commands print: results on standard output, everything else on standard error; never a value."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_started = time.monotonic()


def result(text: str) -> None:
    """Print a line, or several, of the command's result."""
    sys.stdout.write(f"{text}\n")


def say(text: str) -> None:
    """Tell the person something that is not the result. Whether anybody listens is not our business."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def reporter(verbose: bool) -> Callable[[str], None]:
    """What takes the lines for --verbose: each with the milliseconds since the command began."""
    return _timed if verbose else _unsaid


def _timed(text: str) -> None:
    say(f"[{(time.monotonic() - _started) * 1000:6.0f} ms] {text}")


def _unsaid(_text: str) -> None:
    pass
