"""Accounts of several sizes, each measured in a process of its own, so that its memory is its own."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Result = TypeVar("Result")
SIZES = "500x200,5000x2000"


def by_size(
    module: str, description: str, heading: Sequence[str], measure: Callable[[int, int], None]
) -> int:
    """Run `python -m MODULE` for each of --sizes, and return the first exit code that is not 0.

    Args:
        heading: the lines above the rows.
        measure: prints the row of so many principals and secrets.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--sizes", default=SIZES, help=f"PRINCIPALSxSECRETS, in turn (default: {SIZES})")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(*map(int, arguments.one.split("x")))
        return 0
    print("\n".join(heading), flush=True)
    for size in arguments.sizes.split(","):
        command = [sys.executable, "-m", module, "--one", size]
        if code := subprocess.run(command, check=False).returncode:
            return code
    return 0


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What some work gave, and the processor seconds that it took."""
    begun = time.process_time()
    result = work()
    return result, time.process_time() - begun
