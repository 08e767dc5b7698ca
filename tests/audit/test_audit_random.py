"""The engine against a slow evaluator, and what must not change a verdict, over random accounts."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from keyplan.audit.chains import reaches
from keyplan.audit.estate import Estate
from keyplan.audit.matrix import graph_of
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.snapshot import read_snapshot
from tests.audit.accounts import ACCOUNT, allow, deny, document, managed, user
from tests.audit.random_accounts import accounts
from tests.audit.reference import WORDS, Reference

# An account has some hundred choices: to shrink one takes minutes and says little more than its differences.
SLOW = settings(
    deadline=None,
    max_examples=25,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _verdicts(snapshot: dict[str, Any]) -> dict[tuple[str, str], str]:
    estate = Estate(read_snapshot(snapshot))
    return {
        (caller.arn, secret.arn): estate.reads(caller).verdict(1 << number).word
        for caller in estate.callers
        for number, secret in enumerate(estate.secrets)
    }


@SLOW
@given(accounts())
def test_every_pair_is_what_the_slow_evaluator_says(snapshot: dict[str, Any]) -> None:
    reference = Reference(snapshot)
    expected = {
        (arn, secret["ARN"]): WORDS[reference.reads(arn, secret)]
        for arn in reference.principals
        for secret in snapshot["secrets"]
    }
    found = _verdicts(snapshot)
    assert {pair: (found[pair], expected[pair]) for pair in expected if found[pair] != expected[pair]} == {}


@SLOW
@given(accounts())
def test_every_reach_is_what_the_slow_evaluator_says_and_its_path_is_as_short(
    snapshot: dict[str, Any],
) -> None:
    reference = Reference(snapshot)
    estate = Estate(read_snapshot(snapshot))
    graph = graph_of(estate)
    for number, caller in enumerate(estate.callers):
        found = {reach.secret: (int(reach.verdict), len(reach.path)) for reach in reaches(graph, number)}
        for position, secret in enumerate(snapshot["secrets"]):
            verdict, length = reference.reach(caller.arn, secret)
            assert found.get(position, (0, 0)) == (verdict, length)


def _policies(snapshot: dict[str, Any]) -> list[dict[str, Any]]:
    """Every document of a snapshot that has statements."""
    found: list[dict[str, Any]] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("Statement"), list):
                found.append(node)
            else:
                for value in node.values():
                    walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(snapshot)
    return found


@SLOW
@given(accounts(), st.randoms(use_true_random=False))
def test_order_repetition_and_what_is_about_something_else_change_no_verdict(
    snapshot: dict[str, Any], random: Any
) -> None:
    changed = copy.deepcopy(snapshot)
    for policy in _policies(changed):
        statements = policy["Statement"]
        if random.random() < 0.5:
            statements.append(copy.deepcopy(random.choice(statements)))
        if random.random() < 0.5 and "Principal" not in statements[0] and "NotPrincipal" not in statements[0]:
            statements.append({"Effect": "Deny", "Action": "ec2:*", "Resource": "*"})
        random.shuffle(statements)
        for statement in statements:
            statement["Sid"] = f"Renamed{random.randrange(10**6)}"
    changed["authorization_details"]["UserDetailList"].append(user("stranger", document(allow("*"))))
    random.shuffle(changed["authorization_details"]["RoleDetailList"])
    random.shuffle(changed["secrets"])
    found = _verdicts(changed)
    assert {
        pair: verdict for pair, verdict in found.items() if not pair[0].endswith("stranger")
    } == _verdicts(snapshot)


@SLOW
@given(accounts(), st.sampled_from(["ann", "bob"]), st.booleans())
def test_another_denial_never_opens_and_another_permission_never_closes(
    snapshot: dict[str, Any], name: str, denies: bool
) -> None:
    changed = copy.deepcopy(snapshot)
    details = changed["authorization_details"]
    statement = (deny if denies else allow)(["secretsmanager:GetSecretValue", "kms:Decrypt"])
    details["Policies"].append(managed("further", document(statement)))
    for each in details["UserDetailList"]:
        if each["UserName"] == name:
            each["AttachedManagedPolicies"].append(
                {"PolicyName": "further", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/further"}
            )
    before, after = _verdicts(snapshot), _verdicts(changed)
    for pair, verdict in before.items():
        was, now = Verdict[verdict.upper()], Verdict[after[pair].upper()]
        assert now <= was if denies else now >= was
        assert now == was or pair[0].endswith(f"/{name}")
