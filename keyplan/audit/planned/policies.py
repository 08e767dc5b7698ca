"""Managed policies of a plan, and what attaching one needs to know.

Source: the AWS provider's aws_iam_policy; IAM User Guide, "IAM identifiers" (ARNs); checked 2026-11-22.
"""

from __future__ import annotations

from functools import partial

from keyplan.audit.planned.aws_policies import aws_policy
from keyplan.audit.planned.documents import document, identify
from keyplan.audit.planned.draft import POLICIES, Entry, entries
from keyplan.audit.planned.handler import Handler, Plan
from keyplan.audit.planned.steps import State, Step
from keyplan.audit.planned.values import Identity

POLICY = "aws:iam/policy:Policy"
UNKNOWN_POLICY = "arn of a policy that only the update will know"


def attached(arn: str) -> Entry:
    """An entry of what is attached to somebody."""
    return {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}


def look_up(plan: Plan, step: Step, arn: str) -> None:
    """See that the snapshot has a policy; one of AWS's own is in it only if somebody has it already."""
    table = plan.draft.table(POLICIES, plan.place(step).account)
    if table is None or arn == UNKNOWN_POLICY or any(each.get("Arn") == arn for each in entries(table)):
        return
    known = aws_policy(arn)
    if known is not None:
        plan.draft.put(table, "Arn", known)
        return
    plan.draft.say(f"{step.label}: the policy {arn} is not in the snapshot: it may allow and deny anything")
    plan.draft.explained.add(arn)


def policy_arn(plan: Plan, step: Step, state: State, name: str) -> str:
    """The ARN of a policy that an input names; one that nobody knows is in no snapshot, so it is unknown."""
    target = plan.references.target(state, name, POLICY)
    if target is None:
        plan.draft.say(f"{step.label}: which policy it attaches is not known before the update")
        plan.draft.explained.add(UNKNOWN_POLICY)
        return UNKNOWN_POLICY
    return target.arn if isinstance(target, Identity) else target


def _make_policy(plan: Plan, step: Step, state: State) -> None:
    identity = plan.identity(step)
    table = plan.draft.table(POLICIES, plan.place(step).account)
    if identity is None or not step.changes("policy"):
        return
    version = {
        "VersionId": "planned",
        "IsDefaultVersion": True,
        "Document": document(plan, step, state, "policy", identity.arn),
    }
    entry = plan.draft.find(table, "Arn", (identity.arn,)) if step.op == "update" else None
    if entry is None:
        entry = {"Arn": identity.arn, "PolicyName": identity.name}
        plan.draft.put(table, "Arn", entry)
    entry["DefaultVersionId"], entry["PolicyVersionList"] = "planned", [version]


def _remove_policy(plan: Plan, step: Step, state: State) -> None:
    arn = str(state.outputs.get("arn") or state.id)
    plan.draft.drop(plan.draft.table(POLICIES, plan.place(step).account), "Arn", arn)


HANDLERS: dict[str, Handler] = {
    POLICY: Handler(_make_policy, _remove_policy, True, partial(identify, "policy")),
}
