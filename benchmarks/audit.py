"""How long an audit takes: python -m benchmarks.audit [--sizes 500x200,5000x2000].

Accounts of so many principals and secrets, made up (benchmarks/measuring/accounts.py). In processes of their
own, so that memory is each one's: reading the snapshot, weighing every pair, the reasons of every pair that
is not denied, and reach through chains; in processor seconds, with the most memory that the process had.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sized
from typing import TypeVar

from benchmarks.measuring.accounts import snapshot
from keyplan.audit import matrix
from keyplan.audit.estate import Estate
from keyplan.audit.snapshot import read_snapshot

Result = TypeVar("Result")
SIZES = "500x200,5000x2000"


def main() -> int:
    """Measure each size in a process of its own, and print a row each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=SIZES, help=f"PRINCIPALSxSECRETS, in turn (default: {SIZES})")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        _measure(*map(int, arguments.one.split("x")))
        return 0
    print("CPU seconds                   |   read  weigh  reasons  reach    all | pairs a second   MiB")
    print("principals  secrets     pairs |", flush=True)
    for size in arguments.sizes.split(","):
        code = subprocess.run(
            [sys.executable, "-m", "benchmarks.audit", "--one", size], check=False
        ).returncode
        if code:
            return code
    return 0


def _measure(principals: int, secrets: int) -> None:
    text = json.dumps(snapshot(principals, secrets))
    seconds: list[float] = []

    def timed(work: Callable[[], Result]) -> Result:
        begun = time.process_time()
        result = work()
        seconds.append(time.process_time() - begun)
        return result

    estate = timed(lambda: Estate(read_snapshot(json.loads(text))))
    graph = timed(lambda: matrix.graph_of(estate))
    listed: list[Sized] = [
        timed(lambda: list(matrix.pairs(estate, graph))),
        timed(lambda: list(matrix.reach(estate, graph))),
    ]
    whole, pairs = sum(seconds), principals * secrets
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = "  ".join(f"{each:5.2f}" for each in (*seconds, whole))
    print(f"{principals:10,} {secrets:8,} {pairs:10,} | {row} | {pairs / whole:14,.0f} {memory:5.0f}")
    print(f"{'':30} | not denied: {len(listed[0]):,} pairs directly, {len(listed[1]):,} with chains")


if __name__ == "__main__":
    sys.exit(main())
