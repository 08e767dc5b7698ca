"""How long it takes to say what a change opened: python -m benchmarks.audit_diff [--sizes 500x200,5000x2000].

Two snapshots of one account, made up (benchmarks/measuring/accounts.py); in the second a tenth of the roles
has other policies, some roles and secrets are gone, and the secrets are in another order. Each size in a
process of its own. Beside it one matrix of the first snapshot (benchmarks/audit.py), and what a plan of a
hundred steps costs; in processor seconds, with the most memory that the process had.
"""

from __future__ import annotations

import copy
import json
import resource
import sys
from typing import Any

from benchmarks.measuring.accounts import snapshot
from benchmarks.measuring.sizes import by_size, timed
from keyplan.audit import matrix
from keyplan.audit.changes import comparable, difference
from keyplan.audit.estate import Estate
from keyplan.audit.planned import foreseen
from keyplan.audit.snapshot import read_snapshot

CHANGED_ONE_IN = 10
GONE = 5
PLANNED = 100
HEADING = (
    "CPU seconds          | matrix   diff   times |  plan | changes    MiB",
    "principals  secrets  |",
)


def main() -> int:
    """Measure each size, and print a row each."""
    return by_size("benchmarks.audit_diff", __doc__ or "", HEADING, _measure)


def _measure(principals: int, secrets: int) -> None:
    old = snapshot(principals, secrets)
    texts = (json.dumps(old), json.dumps(_changed(old)))
    _, whole = timed(lambda: _matrix(texts[0]))
    found, seconds = timed(lambda: difference(*comparable(*map(json.loads, texts))))
    _, planned = timed(lambda: foreseen(old, _preview(old)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = f"{whole:6.2f} {seconds:6.2f} {seconds / whole:6.1f}x | {planned:5.2f}"
    print(f"{principals:10,} {secrets:8,} | {row} | {len(found.access):7,} {memory:6.0f}")


def _matrix(text: str) -> None:
    estate = Estate(read_snapshot(json.loads(text)))
    graph = matrix.graph_of(estate)
    for _ in (*matrix.pairs(estate, graph), *matrix.reach(estate, graph)):
        pass


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
