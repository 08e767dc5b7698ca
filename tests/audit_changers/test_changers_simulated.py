"""The list of changers against what happens when the calls are made, over random accounts."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.matrix import graph_of, reach
from keyplan.audit.policies.grades import Verdict
from tests.audit.accounts import estate_of
from tests.audit_changers.random_changes import account
from tests.audit_changers.simulated import could_gain
from tests.audit_changers.small_accounts import rows


def _reads(whole: dict[str, Any]) -> set[tuple[str, str]]:
    estate = estate_of(**whole)
    return {(each["principal"], each["secret"]) for each in reach(estate, graph_of(estate))}


@pytest.mark.parametrize("block", range(6))
def test_who_could_change_access_is_who_gets_it_when_the_calls_are_made(block: int) -> None:
    for seed in range(block * 15, block * 15 + 15):
        whole = account(seed)
        now = _reads(whole)
        listed = {(row.principal, row.secret) for row in rows(whole) if row.verdict is Verdict.ALLOW} - now
        entries = whole["authorization_details"]
        made = {
            (each["Arn"], gained)
            for each in (*entries["UserDetailList"], *entries["RoleDetailList"])
            for gained in could_gain(whole, each["Arn"])
        } - now
        assert (seed, listed - made, made - listed) == (seed, set(), set())
