"""How long the list of who could change the answer takes: python -m benchmarks.audit_changers [--sizes …].

The accounts of benchmarks/audit.py, in which principals also have what real ones have: deployers who pass
roles, teams that keep their secrets' policies, delegated administrators of IAM, people who look after their
own access keys. Beside it the whole matrix, in processor seconds, each size in a process of its own. `ways`
is what the table for people takes, `rows` one row for each principal, secret and way besides.
"""

from __future__ import annotations

import json
import random
import resource
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.measuring.accounts import ACCOUNT, REGION, snapshot
from benchmarks.measuring.sizes import Result, by_size, timed
from keyplan.audit import matrix
from keyplan.audit.changers import changers
from keyplan.audit.changers.groups import groups
from keyplan.audit.estate import Estate
from keyplan.audit.snapshot import read_snapshot

IAM = f"arn:aws:iam::{ACCOUNT}"
SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"
# One principal in so many has each policy.
SHARES = {
    "keep-secrets": 50,
    "deploy": 30,
    "deploy-functions": 20,
    "delegated": 100,
    "own-keys": 5,
    "iam-full": 500,
    "on-call": 40,
}
HEADING = ("CPU seconds                   |   read  weigh matrix   ways   rows | MiB",)


def main() -> int:
    """Measure each size, and print a row each."""
    return by_size("benchmarks.audit_changers", __doc__ or "", HEADING, _measure)


def account(principals: int, secrets: int) -> dict[str, Any]:
    """A snapshot whose principals can change things; the same numbers give the same account."""
    whole = snapshot(principals, secrets)
    chance = random.Random(2)  # noqa: S311 - no secret is made of it
    details = whole["authorization_details"]
    for name, statements in _policies().items():
        document = {"Version": "2012-10-17", "Statement": statements}
        version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document}
        details["Policies"].append(
            {
                "Arn": f"{IAM}:policy/{name}",
                "PolicyName": name,
                "DefaultVersionId": "v1",
                "PolicyVersionList": [version],
            }
        )
    for entry in (*details["UserDetailList"], *details["RoleDetailList"]):
        for name, share in SHARES.items():
            if chance.randrange(share) == 0:
                attached = {"PolicyName": name, "PolicyArn": f"{IAM}:policy/{name}"}
                entry["AttachedManagedPolicies"].append(attached)
    return whole


def _policies() -> dict[str, list[dict[str, Any]]]:
    def allow(action: Any, resource: Any = "*", **conditions: Any) -> dict[str, Any]:
        more = {"Condition": conditions} if conditions else {}
        return {"Effect": "Allow", "Action": action, "Resource": resource, **more}

    own = f"{IAM}:user/${{aws:username}}"
    bounded = {"StringEquals": {"iam:PermissionsBoundary": f"{IAM}:policy/office"}}
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    return {
        "keep-secrets": [allow(["secretsmanager:PutResourcePolicy"], f"{SECRETS}:prod/team1*")],
        "deploy": [allow("iam:PassRole", f"{IAM}:role/r1*", **to_tasks), allow("ecs:*")],
        "deploy-functions": [allow(["lambda:UpdateFunctionCode", "lambda:InvokeFunction"])],
        "delegated": [allow(["iam:PutRolePolicy", "iam:AttachRolePolicy"], f"{IAM}:role/r2*", **bounded)],
        "own-keys": [allow(["iam:*AccessKey*", "iam:*LoginProfile"], own)],
        "iam-full": [allow("iam:*")],
        "on-call": [allow(["iam:CreateAccessKey"], f"{IAM}:user/u3*")],
    }


def _measure(principals: int, secrets: int) -> None:
    text = json.dumps(account(principals, secrets))
    seconds: list[float] = []

    def kept(work: Callable[[], Result]) -> Result:
        result, taken = timed(work)
        seconds.append(taken)
        return result

    estate = kept(lambda: Estate(read_snapshot(json.loads(text))))
    graph = kept(lambda: matrix.graph_of(estate))
    kept(lambda: sum(1 for each in (matrix.pairs, matrix.reach) for _ in each(estate, graph)))
    table = kept(lambda: groups(estate, graph))
    found = kept(lambda: list(changers(estate, graph)))
    seconds[-1] -= seconds[-2]  # rows are made of the same ways, found again
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = "  ".join(f"{each:5.2f}" for each in seconds)
    who = len({each.principal for each in found})
    print(f"{principals:10,} {secrets:8,} {principals * secrets:10,} | {row} | {memory:.0f}")
    print(f"{'':30} | {len(table):,} groups, {len(found):,} rows of {who:,} principals")


if __name__ == "__main__":
    sys.exit(main())
