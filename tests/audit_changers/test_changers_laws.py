"""What must not change the list of changers over random accounts, and what can only add or only take rows."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from keyplan.audit.policies.grades import Verdict
from tests.audit.accounts import ACCOUNT, allow, attached, deny, document, managed
from tests.audit_changers.random_changes import account
from tests.audit_changers.small_accounts import arn, rows

# None of them is a read, so that who reads is the same before and after.
CHANGES = [
    *("iam:*", "kms:PutKeyPolicy", "kms:CreateGrant", "lambda:*", "secretsmanager:PutResourcePolicy"),
    *("secretsmanager:DeleteResourcePolicy", "secretsmanager:UpdateSecret"),
]
SEEDS = range(200, 212)


def _best(whole: dict[str, Any]) -> dict[tuple[str, str], Verdict]:
    found: dict[tuple[str, str], Verdict] = {}
    for row in rows(whole):
        pair = (row.principal, row.secret)
        found[pair] = max(found.get(pair, Verdict.DENY), row.verdict)
    return found


def _higher(one: dict[tuple[str, str], Verdict], other: dict[tuple[str, str], Verdict]) -> set[Any]:
    return {pair for pair, verdict in one.items() if verdict > other.get(pair, Verdict.DENY)}


def _with(whole: dict[str, Any], kind: str, name: str, policy: Any) -> dict[str, Any]:
    changed = copy.deepcopy(whole)
    entries = changed["authorization_details"]
    entries["Policies"].append(managed("further", policy))
    for each in (*entries["UserDetailList"], *entries["RoleDetailList"]):
        if each["Arn"] == arn(kind, name):
            each["AttachedManagedPolicies"] = [*each["AttachedManagedPolicies"], attached("further")]
    return changed


@pytest.mark.parametrize(("kind", "name"), [("user", "ann"), ("role", "ops")])
def test_another_denial_of_changes_never_adds_a_changer_and_a_permission_never_takes_one(
    kind: str, name: str
) -> None:
    for seed in SEEDS:
        whole = account(seed)
        before = _best(whole)
        fewer = _best(_with(whole, kind, name, document(deny(CHANGES))))
        more = _best(_with(whole, kind, name, document(allow(CHANGES))))
        assert (seed, _higher(fewer, before)) == (seed, set())
        assert (seed, _higher(before, more)) == (seed, set())


def test_order_changes_nothing() -> None:
    for seed in SEEDS:
        whole = account(seed)
        changed = copy.deepcopy(whole)
        chance = random.Random(seed)  # noqa: S311 - no secret is made of it
        details = changed["authorization_details"]
        for listed in (details["UserDetailList"], details["RoleDetailList"], changed["secrets"]):
            chance.shuffle(listed)
        for each in (*details["UserDetailList"], *details["RoleDetailList"]):
            chance.shuffle(each.get("UserPolicyList", each.get("RolePolicyList")))
        found = {(row.principal, row.secret, row.verdict, row.how) for row in rows(changed)}
        assert found == {(row.principal, row.secret, row.verdict, row.how) for row in rows(whole)}


def test_nobody_changes_anything_under_an_scp_that_denies_everything() -> None:
    full = {"Name": "full", "Content": document(allow("*"))}
    nothing = {"Name": "nothing", "Content": document(deny("*"))}
    for seed in SEEDS:
        scps = {ACCOUNT: [{"level": "root", "policies": [full, nothing]}]}
        assert rows({**account(seed), "scps": scps}) == []


def test_where_scps_are_missing_nothing_is_sure_and_nothing_is_denied() -> None:
    organization = {"Id": "o-a", "ManagementAccountId": "1", "Accounts": [ACCOUNT], "Paths": {}}
    for seed in SEEDS:
        whole = {**account(seed), "scps": None}
        known = {(row.principal, row.secret) for row in rows(whole)}
        found = rows({**whole, "organization": organization})
        assert {row.verdict for row in found} <= {Verdict.UNKNOWN}
        assert {(row.principal, row.secret) for row in found} >= known


def test_an_account_that_is_not_there_makes_no_changer() -> None:
    for seed in SEEDS:
        whole = account(seed)
        stranger = {**whole["authorization_details"], "UserDetailList": [], "RoleDetailList": []}
        changed = {**whole, "external_accounts": {"999900001111": {"authorization_details": stranger}}}
        assert rows(changed) == rows(whole)
