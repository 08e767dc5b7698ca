"""How long it takes to say what a change opened: python -m benchmarks.audit_diff [--sizes 500x200,5000x2000].

Two snapshots of one account, made up (benchmarks/measuring/accounts.py); in the second a tenth of the roles
has other policies, some roles and secrets are gone, and the secrets are in another order. Each size in a
process of its own. Beside it one matrix of the first snapshot (benchmarks/audit.py), and what a plan of a
hundred steps costs; in processor seconds, with the most memory that the process had.
"""

from __future__ import annotations

import argparse
import copy
import json
import resource
import subprocess
import sys
import time
from typing import Any

from benchmarks.measuring.accounts import snapshot
from keyplan.audit import matrix
from keyplan.audit.changes import comparable, difference
from keyplan.audit.estate import Estate
from keyplan.audit.planned import foreseen
from keyplan.audit.snapshot import read_snapshot

SIZES = "500x200,5000x2000"
CHANGED_ONE_IN = 10
GONE = 5
PLANNED = 100


def main() -> int:
    """Measure each size in a process of its own, and print a row each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=SIZES, help=f"PRINCIPALSxSECRETS, in turn (default: {SIZES})")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        _measure(*map(int, arguments.one.split("x")))
        return 0
    print("CPU seconds          | matrix   diff   times |  plan | changes    MiB")
    print("principals  secrets  |", flush=True)
    for size in arguments.sizes.split(","):
        code = subprocess.run(
            [sys.executable, "-m", "benchmarks.audit_diff", "--one", size], check=False
        ).returncode
        if code:
            return code
    return 0


def _measure(principals: int, secrets: int) -> None:
    old = snapshot(principals, secrets)
    texts = (json.dumps(old), json.dumps(_changed(old)))
    begun = time.process_time()
    estate = Estate(read_snapshot(json.loads(texts[0])))
    graph = matrix.graph_of(estate)
    for _ in (*matrix.pairs(estate, graph), *matrix.reach(estate, graph)):
        pass
    whole = time.process_time() - begun
    del estate, graph
    begun = time.process_time()
    found = difference(*comparable(*map(json.loads, texts)))
    seconds = time.process_time() - begun
    begun = time.process_time()
    foreseen(old, _preview(old))
    planned = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = f"{whole:6.2f} {seconds:6.2f} {seconds / whole:6.1f}x | {planned:5.2f}"
    print(f"{principals:10,} {secrets:8,} | {row} | {len(found.access):7,} {memory:6.0f}")


def _changed(old: dict[str, Any]) -> dict[str, Any]:
    """The account after a change that touches a tenth of the roles."""
    new = copy.deepcopy(old)
    roles, secrets = new["authorization_details"]["RoleDetailList"], new["secrets"]
    for number, role in enumerate(roles):
        if number % CHANGED_ONE_IN == 0:
            role["RolePolicyList"] = roles[(number + 1) % len(roles)]["RolePolicyList"]
    del roles[:GONE], secrets[:GONE]
    secrets.reverse()
    return new


def _preview(old: dict[str, Any]) -> dict[str, Any]:
    """A plan that gives a hundred roles a policy each."""
    kind = "aws:iam/rolePolicy:RolePolicy"
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    steps = [
        {
            "op": "create",
            "urn": f"urn:pulumi:prod::keyplan::{kind}::p{number}",
            "newState": {"inputs": {"name": "planned", "role": role["RoleName"], "policy": document}},
        }
        for number, role in enumerate(old["authorization_details"]["RoleDetailList"][-PLANNED:])
    ]
    return {"steps": steps}


if __name__ == "__main__":
    sys.exit(main())
