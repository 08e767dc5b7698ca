"""Users, roles, groups and managed policies of a plan, with what is attached to them.

The types are those of the AWS provider's `iam` module. Source: its documentation (exclusive arguments of
Role and of the *Exclusive types; PolicyAttachment, which takes a policy from everybody else); IAM User Guide,
"IAM identifiers" (ARNs); checked 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from keyplan.audit.planned.aws_policies import aws_policy
from keyplan.audit.planned.draft import LISTS, POLICIES, Entry, without
from keyplan.audit.planned.handler import Handler, Plan
from keyplan.audit.planned.orphans import orphan
from keyplan.audit.planned.steps import UNKNOWN, State, Step
from keyplan.audit.planned.values import Identity, is_open, name_of, tags_of, text_of

ROLE, USER, GROUP = "aws:iam/role:Role", "aws:iam/user:User", "aws:iam/group:Group"
POLICY = "aws:iam/policy:Policy"
KIND_OF = {ROLE: "role", USER: "user", GROUP: "group"}
TYPE_OF = {kind: token for token, kind in KIND_OF.items()}
UNKNOWN_POLICY = "arn of a policy that only the update will know"
UNKNOWN_GROUP = "a group that only the update will know"
INLINE_UNKNOWN = "policies that only the update will know"


# -- what they are called ----------------------------------------------------------------------------------


def _identify(kind: str, plan: Plan, step: Step, state: State) -> Identity:
    name, path = _named(plan, step, state), text_of(state, "path") or "/"
    place = plan.place(step)
    arn = f"arn:{place.partition}:iam::{place.account}:{kind}{path}{name}"
    return Identity(step.kind, arn, name)


def _named(plan: Plan, step: Step, state: State) -> str:
    name = name_of(step, state)
    if name is None:
        name = f"{text_of(state, 'namePrefix') or ''}{step.name}"
        plan.draft.say(f"{step.label}: its name is not known before the update; {name} stands for it")
    return name


def _account(plan: Plan, step: Step) -> str:
    return plan.place(step).account


# -- users, roles, groups ----------------------------------------------------------------------------------


def _make_principal(kind: str, plan: Plan, step: Step, state: State) -> None:
    identity = plan.identity(step)
    if identity is None:
        return
    listing, name_field, inline = LISTS[kind]
    table = plan.draft.table(listing, _account(plan, step))
    if step.op == "update":
        entry = plan.draft.principal(kind, _account(plan, step), identity.name, step.label)
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
        entry["AssumeRolePolicyDocument"] = document(plan, step, state, "assumeRolePolicy", name)
    if kind != "group" and step.changes("permissionsBoundary"):
        _set_boundary(plan, step, state, entry)
    if kind != "group" and (step.changes("tags") or step.changes("tagsAll")):
        set_tags(plan, step, state, entry)


def _set_boundary(plan: Plan, step: Step, state: State, entry: Entry) -> None:
    entry.pop("PermissionsBoundary", None)
    if state.inputs.get("permissionsBoundary"):
        arn = _policy_arn(plan, step, state, "permissionsBoundary")
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
            _attached(each if isinstance(each, str) and not is_open(each) else UNKNOWN_POLICY)
            for each in listed
        ]
        for each in entry["AttachedManagedPolicies"]:
            _look_up(plan, step, each["PolicyArn"])
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
    account = _account(plan, step)
    gone = plan.draft.drop(plan.draft.table(listing, account), name_field, name)
    if gone is None:
        plan.draft.say(f"{step.label}: the {kind} {name} is not in the snapshot")
    elif kind != "group":
        orphan(plan.draft, str(gone.get("Arn")), gone.get("UserId" if kind == "user" else "RoleId"))
    else:
        for number, entry in enumerate(plan.draft.table("UserDetailList", account) or ()):
            if isinstance(entry, Mapping) and name in (entry.get("GroupList") or ()):
                user = plan.draft.owned(plan.draft.table("UserDetailList", account), number)
                user["GroupList"] = [each for each in user["GroupList"] if each != name]


def set_tags(plan: Plan, step: Step, state: State, entry: Entry) -> None:
    """The tags of an entry; those that are not known weigh as unknown."""
    tags = tags_of(state)
    unread = [each for each in entry.get("Unread") or () if each != "Tags"]
    if tags is None:
        plan.draft.say(f"{step.label}: its tags are not known before the update")
        unread.append("Tags")
    entry["Tags"] = tags or []
    if unread or "Unread" in entry:
        entry["Unread"] = unread


def document(
    plan: Plan, step: Step, state: State, name: str, called: str, within: object = None
) -> object | None:
    """A policy document of an input; None, and said, where nobody can know it.

    Args:
        called: what the audit calls it.
        within: the document, where it is only a part of the input.
    """
    value = state.inputs.get(name) if within is None else within
    found = plan.references.document_in(value, state, name)
    if found is None:
        what = "its trust" if name == "assumeRolePolicy" else "its policy"
        plan.draft.say(f"{step.label}: {what} is not known before the update: it may allow and deny anything")
        plan.draft.explained.add(called)
    return found


# -- whom something is attached to -------------------------------------------------------------------------


def _owner(kind: str, plan: Plan, step: Step, state: State) -> Entry | None:
    """The principal that an attachment is about."""
    target = plan.references.target(state, kind, TYPE_OF[kind])
    if target is None:
        plan.draft.say(f"{step.label}: which {kind} it is about is not known before the update")
        return None
    name = target.name if isinstance(target, Identity) else target.rpartition("/")[2]
    return plan.draft.principal(kind, _account(plan, step), name, step.label)


def _past_owner(kind: str, plan: Plan, step: Step, state: State) -> Entry | None:
    """The same for one that is removed; it may be gone already."""
    listing, name_field, _ = LISTS[kind]
    name = str(state.inputs.get(kind) or "").rpartition("/")[2]
    return plan.draft.find(plan.draft.table(listing, _account(plan, step)), name_field, (name,))


def _make_inline(kind: str, plan: Plan, step: Step, state: State) -> None:
    entry = _owner(kind, plan, step, state)
    if entry is None:
        return
    name, field = name_of(step, state) or step.name, LISTS[kind][2]
    kept = without(entry.get(field), "PolicyName", (name,))
    found = document(plan, step, state, "policy", f"{entry['Arn']} {name}")
    entry[field] = [
        *kept, {"PolicyName": name, "PolicyDocument": found},
    ]  # fmt: skip


def _remove_inline(kind: str, plan: Plan, step: Step, state: State) -> None:
    entry, field = _past_owner(kind, plan, step, state), LISTS[kind][2]
    if entry is not None:
        entry[field] = without(entry.get(field), "PolicyName", (name_of(step, state) or "",))


def _attached(arn: str) -> Entry:
    return {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}


def _attach(plan: Plan, step: Step, entry: Entry, arn: str) -> None:
    kept = without(entry.get("AttachedManagedPolicies"), "PolicyArn", (arn,))
    entry["AttachedManagedPolicies"] = [*kept, _attached(arn)]
    _look_up(plan, step, arn)


def _look_up(plan: Plan, step: Step, arn: str) -> None:
    """See that the snapshot has a policy; one of AWS's own is in it only if somebody has it already."""
    table = plan.draft.table(POLICIES, _account(plan, step))
    if table is None or arn == UNKNOWN_POLICY or any(each.get("Arn") == arn for each in table):
        return
    known = aws_policy(arn)
    if known is not None:
        plan.draft.put(table, "Arn", known)
        return
    plan.draft.say(f"{step.label}: the policy {arn} is not in the snapshot: it may allow and deny anything")
    plan.draft.explained.add(arn)


def _detach(entry: Entry, arns: Iterable[str]) -> None:
    entry["AttachedManagedPolicies"] = without(entry.get("AttachedManagedPolicies"), "PolicyArn", arns)


def _policy_arn(plan: Plan, step: Step, state: State, name: str) -> str:
    """The ARN of a policy that an input names; one that nobody knows is in no snapshot, so it is unknown."""
    target = plan.references.target(state, name, POLICY)
    if target is None:
        plan.draft.say(f"{step.label}: which policy it attaches is not known before the update")
        plan.draft.explained.add(UNKNOWN_POLICY)
        return UNKNOWN_POLICY
    return target.arn if isinstance(target, Identity) else target


def _make_attachment(kind: str, plan: Plan, step: Step, state: State) -> None:
    entry = _owner(kind, plan, step, state)
    if entry is not None:
        _attach(plan, step, entry, _policy_arn(plan, step, state, "policyArn"))


def _remove_attachment(kind: str, plan: Plan, step: Step, state: State) -> None:
    entry = _past_owner(kind, plan, step, state)
    if entry is not None:
        _detach(entry, (str(state.inputs.get("policyArn")),))


# -- policies ----------------------------------------------------------------------------------------------


def _make_policy(plan: Plan, step: Step, state: State) -> None:
    identity = plan.identity(step)
    table = plan.draft.table(POLICIES, _account(plan, step))
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
    plan.draft.drop(plan.draft.table(POLICIES, _account(plan, step)), "Arn", arn)


def _make_everywhere(plan: Plan, step: Step, state: State) -> None:
    """A PolicyAttachment: those that it lists have the policy, and nobody else."""
    arn, account = _policy_arn(plan, step, state, "policyArn"), _account(plan, step)
    for kind in KIND_OF.values():
        listed = state.inputs.get(f"{kind}s") or []
        names = {each.rpartition("/")[2] for each in listed if isinstance(each, str) and not is_open(each)}
        if not isinstance(listed, list) or is_open(listed):
            plan.draft.say(f"{step.label}: which {kind}s it is about is not known before the update")
        _detach_others(plan, account, kind, arn, names)
        for name in sorted(names):
            entry = plan.draft.principal(kind, account, name, step.label)
            if entry is not None:
                _attach(plan, step, entry, arn)


def _remove_everywhere(plan: Plan, step: Step, state: State) -> None:
    for kind in KIND_OF.values():
        _detach_others(plan, _account(plan, step), kind, str(state.inputs.get("policyArn")), set())


def _detach_others(plan: Plan, account: str, kind: str, arn: str, but: set[str]) -> None:
    listing, name_field, _ = LISTS[kind]
    table = plan.draft.table(listing, account)
    for number, entry in enumerate(table or ()):
        attached = entry.get("AttachedManagedPolicies") if isinstance(entry, Mapping) else None
        if entry.get(name_field) not in but and any(each.get("PolicyArn") == arn for each in attached or ()):
            _detach(plan.draft.owned(table, number), (arn,))


# -- groups' members ---------------------------------------------------------------------------------------


def _join(plan: Plan, account: str, user: str, groups: Iterable[str], label: str) -> None:
    entry = plan.draft.principal("user", account, user, label)
    if entry is not None:
        entry["GroupList"] = list(dict.fromkeys((*(entry.get("GroupList") or ()), *groups)))


def _leave(plan: Plan, account: str, user: str, groups: Iterable[str]) -> None:
    entry = plan.draft.find(plan.draft.table("UserDetailList", account), "UserName", (user,))
    if entry is not None:
        gone = set(groups)
        entry["GroupList"] = [each for each in entry.get("GroupList") or () if each not in gone]


def _names(plan: Plan, step: Step, state: State, name: str) -> list[str]:
    """The names of a list; what is not known is said."""
    listed = state.inputs.get(name)
    if not isinstance(listed, list) or is_open(listed):
        plan.draft.say(f"{step.label}: its {name} are not all known before the update")
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def _groups_of(plan: Plan, step: Step, state: State) -> list[str]:
    found = _names(plan, step, state, "groups")
    return [UNKNOWN_GROUP if is_open(each) else each for each in found]


def _make_membership(plan: Plan, step: Step, state: State) -> None:
    """UserGroupMembership: a user's groups."""
    if step.op == "update" and step.old is not None:
        _leave(plan, _account(plan, step), str(step.old.inputs.get("user")), _texts(step.old, "groups"))
    entry = _owner("user", plan, step, state)
    if entry is not None:
        groups = _groups_of(plan, step, state)
        _join(plan, _account(plan, step), str(entry["UserName"]), groups, step.label)


def _remove_membership(plan: Plan, step: Step, state: State) -> None:
    _leave(plan, _account(plan, step), str(state.inputs.get("user")), _texts(state, "groups"))


def _make_members(plan: Plan, step: Step, state: State) -> None:
    """GroupMembership: a group's users."""
    account = _account(plan, step)
    if step.op == "update" and step.old is not None:
        _remove_members(plan, step, step.old)
    target = plan.references.target(state, "group", GROUP)
    group = target.name if isinstance(target, Identity) else target or UNKNOWN_GROUP
    for user in _names(plan, step, state, "users"):
        if not is_open(user):
            _join(plan, account, user, (group,), step.label)


def _remove_members(plan: Plan, step: Step, state: State) -> None:
    for user in _texts(state, "users"):
        _leave(plan, _account(plan, step), user, (str(state.inputs.get("group")),))


def _texts(state: State, name: str) -> list[str]:
    listed = state.inputs.get(name)
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


# -- exclusive lists ---------------------------------------------------------------------------------------


def _only(kind: str, what: str, plan: Plan, step: Step, state: State) -> None:
    """The *Exclusive types: whatever a principal has that they do not list is taken from it."""
    name, listed = text_of(state, f"{kind}Name"), state.inputs.get(what)
    if name is None or not isinstance(listed, list) or is_open(listed):
        plan.draft.say(f"{step.label}: what it takes away is not known before the update")
        return
    entry = plan.draft.principal(kind, _account(plan, step), name, step.label)
    if entry is None:
        return
    field, key = (LISTS[kind][2], "PolicyName")
    if what == "policyArns":
        field, key = "AttachedManagedPolicies", "PolicyArn"
    entry[field] = [each for each in entry.get(field) or () if each.get(key) in listed]


def _nothing(_plan: Plan, _step: Step, _state: State) -> None:
    """No effect on what anybody can read."""


def _by_kind(token: str, make: Callable[..., Any], remove: Callable[..., Any]) -> dict[str, Handler]:
    """`aws:iam/{}Policy:{}Policy` for roles, users and groups."""
    return {
        token.format(kind, kind.capitalize()): Handler(partial(make, kind), partial(remove, kind))
        for kind in KIND_OF.values()
    }


HANDLERS: dict[str, Handler] = {
    **{
        token: Handler(
            partial(_make_principal, kind), partial(_remove_principal, kind), True, partial(_identify, kind)
        )
        for token, kind in KIND_OF.items()
    },
    POLICY: Handler(_make_policy, _remove_policy, True, partial(_identify, "policy")),
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
