"""What is attached to users, roles and groups of a plan: inline and managed policies, memberships.

The types are those of the AWS provider's `iam` module. Source: its documentation (PolicyAttachment takes a
policy from everybody else; the *Exclusive types take away what they do not list); checked 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from keyplan.audit.planned.documents import document
from keyplan.audit.planned.draft import LISTS, Entry, entries, texts, without
from keyplan.audit.planned.handler import Handler, Plan
from keyplan.audit.planned.identities import GROUP, KIND_OF, TYPE_OF
from keyplan.audit.planned.policies import attached, look_up, policy_arn
from keyplan.audit.planned.steps import State, Step
from keyplan.audit.planned.values import Identity, is_open, name_of

UNKNOWN_GROUP = "a group that only the update will know"


def _owner(kind: str, plan: Plan, step: Step, state: State) -> Entry | None:
    """The principal that an attachment is about."""
    target = plan.references.target(state, kind, TYPE_OF[kind])
    if target is None:
        plan.draft.say(f"{step.label}: which {kind} it is about is not known before the update")
        return None
    name = target.name if isinstance(target, Identity) else target.rpartition("/")[2]
    return plan.draft.principal(kind, plan.place(step).account, name, step.label)


def _past_owner(kind: str, plan: Plan, step: Step, state: State) -> Entry | None:
    """The same for one that is removed; it may be gone already."""
    listing, name_field, _ = LISTS[kind]
    name = str(state.inputs.get(kind) or "").rpartition("/")[2]
    return plan.draft.find(plan.draft.table(listing, plan.place(step).account), name_field, (name,))


def _make_inline(kind: str, plan: Plan, step: Step, state: State) -> None:
    entry = _owner(kind, plan, step, state)
    if entry is None:
        return
    name, field = name_of(step, state) or step.name, LISTS[kind][2]
    kept = without(entry.get(field), "PolicyName", (name,))
    found = document(plan, step, state, "policy", f"{entry.get('Arn')} {name}")
    entry[field] = [
        *kept, {"PolicyName": name, "PolicyDocument": found},
    ]  # fmt: skip


def _remove_inline(kind: str, plan: Plan, step: Step, state: State) -> None:
    entry, field = _past_owner(kind, plan, step, state), LISTS[kind][2]
    if entry is not None:
        entry[field] = without(entry.get(field), "PolicyName", (name_of(step, state) or "",))


def _attach(plan: Plan, step: Step, entry: Entry, arn: str) -> None:
    kept = without(entry.get("AttachedManagedPolicies"), "PolicyArn", (arn,))
    entry["AttachedManagedPolicies"] = [*kept, attached(arn)]
    look_up(plan, step, arn)


def _detach(entry: Entry, arns: Iterable[str]) -> None:
    entry["AttachedManagedPolicies"] = without(entry.get("AttachedManagedPolicies"), "PolicyArn", arns)


def _make_attachment(kind: str, plan: Plan, step: Step, state: State) -> None:
    entry = _owner(kind, plan, step, state)
    if entry is not None:
        _attach(plan, step, entry, policy_arn(plan, step, state, "policyArn"))


def _remove_attachment(kind: str, plan: Plan, step: Step, state: State) -> None:
    entry = _past_owner(kind, plan, step, state)
    if entry is not None:
        _detach(entry, (str(state.inputs.get("policyArn")),))


def _make_everywhere(plan: Plan, step: Step, state: State) -> None:
    """A PolicyAttachment: those that it lists have the policy, and nobody else."""
    arn, account = policy_arn(plan, step, state, "policyArn"), plan.place(step).account
    for kind in KIND_OF.values():
        listed = state.inputs.get(f"{kind}s") or []
        names = {each.rpartition("/")[2] for each in texts(listed) if not is_open(each)}
        if not isinstance(listed, list) or is_open(listed):
            plan.draft.say(f"{step.label}: which {kind}s it is about is not known before the update")
        else:
            _detach_others(plan, account, kind, arn, names)
        for name in sorted(names):
            entry = plan.draft.principal(kind, account, name, step.label)
            if entry is not None:
                _attach(plan, step, entry, arn)


def _remove_everywhere(plan: Plan, step: Step, state: State) -> None:
    for kind in KIND_OF.values():
        _detach_others(plan, plan.place(step).account, kind, str(state.inputs.get("policyArn")), set())


def _detach_others(plan: Plan, account: str, kind: str, arn: str, but: set[str]) -> None:
    listing, name_field, _ = LISTS[kind]
    table = plan.draft.table(listing, account)
    for number, entry in enumerate(table or ()):
        if not isinstance(entry, Mapping) or entry.get(name_field) in tuple(but):
            continue
        if any(each.get("PolicyArn") == arn for each in entries(entry.get("AttachedManagedPolicies"))):
            _detach(plan.draft.owned(table, number), (arn,))


# -- groups' members ---------------------------------------------------------------------------------------


def _join(plan: Plan, account: str, user: str, groups: Iterable[str], label: str) -> None:
    entry = plan.draft.principal("user", account, user, label)
    if entry is not None:
        entry["GroupList"] = list(dict.fromkeys((*texts(entry.get("GroupList")), *groups)))


def _leave(plan: Plan, account: str, user: str, groups: Iterable[str]) -> None:
    entry = plan.draft.find(plan.draft.table("UserDetailList", account), "UserName", (user,))
    if entry is not None:
        gone = set(groups)
        entry["GroupList"] = [each for each in texts(entry.get("GroupList")) if each not in gone]


def _names(plan: Plan, step: Step, state: State, name: str) -> list[str]:
    """The names of a list; what is not known is said."""
    listed = state.inputs.get(name)
    if not isinstance(listed, list) or is_open(listed):
        plan.draft.say(f"{step.label}: its {name} are not all known before the update")
    return texts(listed)


def _groups_of(plan: Plan, step: Step, state: State) -> list[str]:
    found = _names(plan, step, state, "groups")
    return [UNKNOWN_GROUP if is_open(each) else each for each in found]


def _make_membership(plan: Plan, step: Step, state: State) -> None:
    """UserGroupMembership: a user's groups."""
    if step.op == "update" and step.old is not None:
        _remove_membership(plan, step, step.old)
    entry = _owner("user", plan, step, state)
    if entry is not None:
        groups = _groups_of(plan, step, state)
        _join(plan, plan.place(step).account, str(entry["UserName"]), groups, step.label)


def _remove_membership(plan: Plan, step: Step, state: State) -> None:
    _leave(plan, plan.place(step).account, str(state.inputs.get("user")), texts(state.inputs.get("groups")))


def _make_members(plan: Plan, step: Step, state: State) -> None:
    """GroupMembership: a group's users."""
    account = plan.place(step).account
    if step.op == "update" and step.old is not None:
        _remove_members(plan, step, step.old)
    target = plan.references.target(state, "group", GROUP)
    group = target.name if isinstance(target, Identity) else target or UNKNOWN_GROUP
    for user in _names(plan, step, state, "users"):
        if not is_open(user):
            _join(plan, account, user, (group,), step.label)


def _remove_members(plan: Plan, step: Step, state: State) -> None:
    for user in texts(state.inputs.get("users")):
        _leave(plan, plan.place(step).account, user, (str(state.inputs.get("group")),))


# -- exclusive lists ---------------------------------------------------------------------------------------


def _only(kind: str, what: str, plan: Plan, step: Step, state: State) -> None:
    """The *Exclusive types: whatever a principal has that they do not list is taken from it."""
    target, listed = plan.references.target(state, f"{kind}Name", TYPE_OF[kind]), state.inputs.get(what)
    if target is None or not isinstance(listed, list) or is_open(listed):
        plan.draft.say(f"{step.label}: what it takes away is not known before the update")
        return
    name = target.name if isinstance(target, Identity) else target
    entry = plan.draft.principal(kind, plan.place(step).account, name, step.label)
    if entry is None:
        return
    field, key = (LISTS[kind][2], "PolicyName")
    if what == "policyArns":
        field, key = "AttachedManagedPolicies", "PolicyArn"
    entry[field] = [each for each in entries(entry.get(field)) if each.get(key) in listed]


def _nothing(_plan: Plan, _step: Step, _state: State) -> None:
    """No effect on what anybody can read."""


def _by_kind(token: str, make: Callable[..., Any], remove: Callable[..., Any]) -> dict[str, Handler]:
    """`aws:iam/{}Policy:{}Policy` for roles, users and groups."""
    return {
        token.format(kind, kind.capitalize()): Handler(partial(make, kind), partial(remove, kind))
        for kind in KIND_OF.values()
    }


HANDLERS: dict[str, Handler] = {
    **_by_kind("aws:iam/{}Policy:{}Policy", _make_inline, _remove_inline),
    **_by_kind("aws:iam/{}PolicyAttachment:{}PolicyAttachment", _make_attachment, _remove_attachment),
    "aws:iam/policyAttachment:PolicyAttachment": Handler(_make_everywhere, _remove_everywhere),
    "aws:iam/userGroupMembership:UserGroupMembership": Handler(_make_membership, _remove_membership),
    "aws:iam/groupMembership:GroupMembership": Handler(_make_members, _remove_members),
}
# After everything that they may take away.
LAST: dict[str, Handler] = {
    token.format(kind, kind.capitalize()): Handler(partial(_only, kind, what), _nothing)
    for kind in KIND_OF.values()
    for token, what in (
        ("aws:iam/{}PoliciesExclusive:{}PoliciesExclusive", "policyNames"),
        ("aws:iam/{}PolicyAttachmentsExclusive:{}PolicyAttachmentsExclusive", "policyArns"),
    )
}
