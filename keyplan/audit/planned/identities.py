"""Users, roles and groups of a plan, with the policies that stand at them.

Source: the AWS provider's aws_iam_role (where inline and managed policies are given there, they are all that
the role has), aws_iam_user and aws_iam_group; checked 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from keyplan.audit.planned.documents import document, identify, set_tags
from keyplan.audit.planned.draft import LISTS, Entry, forget, learn, texts
from keyplan.audit.planned.handler import Handler, Plan
from keyplan.audit.planned.orphans import orphan
from keyplan.audit.planned.policies import UNKNOWN_POLICY, attached, look_up, policy_arn
from keyplan.audit.planned.steps import UNKNOWN, State, Step
from keyplan.audit.planned.values import is_open, name_of, text_of

ROLE, USER, GROUP = "aws:iam/role:Role", "aws:iam/user:User", "aws:iam/group:Group"
KIND_OF = {ROLE: "role", USER: "user", GROUP: "group"}
TYPE_OF = {kind: token for token, kind in KIND_OF.items()}
INLINE_UNKNOWN = "policies that only the update will know"


def _make_principal(kind: str, plan: Plan, step: Step, state: State) -> None:
    identity = plan.identity(step)
    if identity is None:
        return
    listing, name_field, inline = LISTS[kind]
    table = plan.draft.table(listing, plan.place(step).account)
    if step.op == "update":
        entry = plan.draft.principal(kind, plan.place(step).account, identity.name, step.label)
        if entry is None:
            return
    else:
        entry = {name_field: identity.name, inline: [], "AttachedManagedPolicies": []}
        plan.draft.put(table, name_field, entry)
    entry["Arn"], entry["Path"] = identity.arn, text_of(state, "path") or "/"
    _set_fields(kind, plan, step, state, entry)
    _set_policies(kind, plan, step, state, entry)


def _set_fields(kind: str, plan: Plan, step: Step, state: State, entry: Entry) -> None:
    if kind == "role" and step.changes("assumeRolePolicy"):
        name = f"{entry['Arn']} trust"
        learn(entry, "AssumeRolePolicyDocument", document(plan, step, state, "assumeRolePolicy", name))
    if kind != "group" and step.changes("permissionsBoundary"):
        _set_boundary(plan, step, state, entry)
    if kind != "group" and (step.changes("tags") or step.changes("tagsAll")):
        set_tags(plan, step, state, entry)


def _set_boundary(plan: Plan, step: Step, state: State, entry: Entry) -> None:
    forget(entry, "PermissionsBoundary")
    if state.inputs.get("permissionsBoundary"):
        arn = policy_arn(plan, step, state, "permissionsBoundary")
        entry["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn}


def _set_policies(kind: str, plan: Plan, step: Step, state: State, entry: Entry) -> None:
    """Policies that stand at the principal itself; where they are given, they are all that it has."""
    inline, given = LISTS[kind][2], state.inputs.get("inlinePolicies")
    if given and step.changes("inlinePolicies"):
        entry[inline] = list(_inline_policies(plan, step, state, given, str(entry["Arn"])))
    arns = state.inputs.get("managedPolicyArns")
    if arns and step.changes("managedPolicyArns"):
        listed = arns if isinstance(arns, list) else [None]
        entry["AttachedManagedPolicies"] = [
            attached(each if isinstance(each, str) and not is_open(each) else UNKNOWN_POLICY)
            for each in listed
        ]
        for each in entry["AttachedManagedPolicies"]:
            look_up(plan, step, each["PolicyArn"])
        if is_open(arns):
            plan.draft.say(f"{step.label}: its attached policies are not all known before the update")


def _inline_policies(plan: Plan, step: Step, state: State, given: object, arn: str) -> Iterator[Entry]:
    for number, each in enumerate(given if isinstance(given, list) else [{"name": INLINE_UNKNOWN}]):
        if not isinstance(each, Mapping):
            continue
        name = str(each.get("name") or number)
        within = each.get("policy") or UNKNOWN
        found = document(plan, step, state, "inlinePolicies", f"{arn} {name}", within)
        yield {"PolicyName": name, "PolicyDocument": found}


def _remove_principal(kind: str, plan: Plan, step: Step, state: State) -> None:
    listing, name_field, _ = LISTS[kind]
    name = name_of(step, state) or state.id
    account = plan.place(step).account
    gone = plan.draft.drop(plan.draft.table(listing, account), name_field, name)
    if gone is None:
        plan.draft.say(f"{step.label}: the {kind} {name} is not in the snapshot")
    elif kind != "group":
        orphan(plan.draft, str(gone.get("Arn")), gone.get("UserId" if kind == "user" else "RoleId"))
    else:
        for number, entry in enumerate(plan.draft.table("UserDetailList", account) or ()):
            if isinstance(entry, Mapping) and name in texts(entry.get("GroupList")):
                user = plan.draft.owned(plan.draft.table("UserDetailList", account), number)
                user["GroupList"] = [each for each in user["GroupList"] if each != name]


HANDLERS: dict[str, Handler] = {
    token: Handler(
        partial(_make_principal, kind), partial(_remove_principal, kind), True, partial(identify, kind)
    )
    for token, kind in KIND_OF.items()
}
