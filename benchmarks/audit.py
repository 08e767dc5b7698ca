"""How long an audit takes: python -m benchmarks.audit [--sizes 500x200,5000x2000].

Accounts of so many principals and secrets, made up (benchmarks/measuring/accounts.py). In processes of their
own, so that memory is each one's: reading the snapshot, weighing every pair, the reasons of every pair that
is not denied, and reach through chains; in processor seconds, with the most memory that the process had.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sized

from benchmarks.measuring.accounts import snapshot
from benchmarks.measuring.sizes import Result, by_size, timed
from keyplan.audit import matrix
from keyplan.audit.estate import Estate
from keyplan.audit.snapshot import read_snapshot

HEADING = (
    "CPU seconds                   |   read  weigh  reasons  reach    all | pairs a second   MiB",
    "principals  secrets     pairs |",
)


def main() -> int:
    """Measure each size, and print a row each."""
    return by_size("benchmarks.audit", __doc__ or "", HEADING, _measure)


def _measure(principals: int, secrets: int) -> None:
    text = json.dumps(snapshot(principals, secrets))
    seconds: list[float] = []

    def kept(work: Callable[[], Result]) -> Result:
        result, taken = timed(work)
        seconds.append(taken)
        return result

    estate = kept(lambda: Estate(read_snapshot(json.loads(text))))
    graph = kept(lambda: matrix.graph_of(estate))
    listed: list[Sized] = [
        kept(lambda: list(matrix.pairs(estate, graph))),
        kept(lambda: list(matrix.reach(estate, graph))),
    ]
    whole, pairs = sum(seconds), principals * secrets
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = "  ".join(f"{each:5.2f}" for each in (*seconds, whole))
    print(f"{principals:10,} {secrets:8,} {pairs:10,} | {row} | {pairs / whole:14,.0f} {memory:5.0f}")
    print(f"{'':30} | not denied: {len(listed[0]):,} pairs directly, {len(listed[1]):,} with chains")


if __name__ == "__main__":
    sys.exit(main())
