"""Secrets of a plan, their copies in other regions, and their resource policies.

Source: Secrets Manager User Guide, "Delete an AWS Secrets Manager secret" (a secret waits out its window, and
cannot be read meanwhile), "Replicate AWS Secrets Manager secrets across Regions" (a copy's ARN differs in the
region alone, and has the tags and the policy of the secret that it is one of); checked 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyplan.audit.arns import arn_part
from keyplan.audit.planned.documents import document, set_tags
from keyplan.audit.planned.draft import Entry, forget, learn
from keyplan.audit.planned.handler import Handler, Plan
from keyplan.audit.planned.keys import ALIAS, KEY
from keyplan.audit.planned.steps import State, Step
from keyplan.audit.planned.values import SECRET_SUFFIX, Identity, is_open, known_arn, name_of, text_of

SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type


def _identify(plan: Plan, step: Step, state: State) -> Identity:
    place, name = plan.place(step), name_of(step, state)
    arn = known_arn(step)
    if arn is not None:
        return Identity(SECRET, arn, name or arn.rpartition(":")[2][:-7])
    if name is None:
        name = f"{text_of(state, 'namePrefix') or ''}{step.name}"
        plan.draft.say(f"{step.label}: its name is not known before the update; {name} stands for it")
    arn = f"arn:{place.partition}:secretsmanager:{place.region}:{place.account}:secret:{name}-{SECRET_SUFFIX}"
    return Identity(SECRET, arn, name)


def _make(plan: Plan, step: Step, state: State) -> None:
    identity, table = plan.identity(step), plan.draft.table("secrets")
    if identity is None or table is None:
        return
    entry = plan.draft.find(table, "ARN", (identity.arn,))
    if entry is None:
        if step.op in ("update", "import"):
            plan.draft.say(f"{step.label}: the secret is not in the snapshot, so its policy is unknown")
        entry = {"ARN": identity.arn, "Name": identity.name}
        if step.op in ("update", "import"):
            learn(entry, "ResourcePolicy", None)
        plan.draft.put(table, "ARN", entry)
    if step.op == "import":
        return  # what is adopted stays as it is until the next update
    forget(entry, "DeletedDate")
    if step.changes("kmsKeyId"):
        _set_key(plan, step, state, entry)
    if step.changes("tags") or step.changes("tagsAll"):
        set_tags(plan, step, state, entry)
    if state.inputs.get("policy") not in (None, "", "{}") and step.changes("policy"):
        _set_policy(plan, step, state, identity.arn)
    if step.op != "update" or step.changes("replicas"):
        _make_copies(plan, state, entry)


def _set_key(plan: Plan, step: Step, state: State, entry: Entry) -> None:
    forget(entry, "KmsKeyId")
    if not state.inputs.get("kmsKeyId"):
        return
    target = plan.references.target(state, "kmsKeyId", KEY, ALIAS)
    if target is None:
        plan.draft.say(f"{step.label}: which key encrypts it is not known before the update")
    learn(entry, "KmsKeyId", target.arn if isinstance(target, Identity) else target)


def _make_copies(plan: Plan, state: State, entry: Entry) -> None:
    """Copies in other regions; a copy's key is named by itself, else it is AWS's own of that region."""
    table, listed = plan.draft.table("secrets"), state.inputs.get("replicas")
    for each in listed if isinstance(listed, list) else ():
        region = each.get("region") if isinstance(each, Mapping) else None
        if not isinstance(region, str) or is_open(region):
            continue
        parts = entry["ARN"].split(":")
        arn = ":".join((*parts[:3], region, *parts[4:]))
        if plan.draft.find(table, "ARN", (arn,)) is None:
            own = {name: value for name, value in entry.items() if name not in ("ARN", "KmsKeyId")}
            key = each.get("kmsKeyId")
            copy: Entry = {"ARN": arn, **own}
            if key:
                learn(copy, "KmsKeyId", None if is_open(key) else key)
            plan.draft.put(table, "ARN", copy)


def _remove(plan: Plan, step: Step, state: State) -> None:
    table, arn = plan.draft.table("secrets"), str(state.outputs.get("arn") or state.id)
    for entry in list(_with_copies(plan, arn)):
        if state.inputs.get("recoveryWindowInDays") == 0:
            plan.draft.drop(table, "ARN", entry["ARN"])
        else:
            learn(entry, "DeletedDate", "planned")


def _with_copies(plan: Plan, arn: str) -> Iterator[Entry]:
    """A secret and its copies in other regions, as entries that may be changed."""
    table = plan.draft.table("secrets")
    for number, each in enumerate(table or ()):
        other = each.get("ARN") if isinstance(each, Mapping) else None
        if isinstance(other, str) and _without_region(other) == _without_region(arn):
            yield plan.draft.owned(table, number)


def _without_region(arn: str) -> tuple[str, str]:
    return arn_part(arn, 4), arn.split(":", 5)[-1]


def _make_policy(plan: Plan, step: Step, state: State) -> None:
    target = plan.references.target(state, "secretArn", SECRET)
    if target is None:
        plan.draft.say(f"{step.label}: which secret it is about is not known before the update")
        return
    arn = target.arn if isinstance(target, Identity) else _arn_of(plan, step, target)
    if not step.changes("policy"):
        return
    if not _set_policy(plan, step, state, arn):
        plan.draft.say(f"{step.label}: its secret is not in the snapshot")


def _set_policy(plan: Plan, step: Step, state: State, arn: str) -> bool:
    """Whether there is such a secret."""
    found = document(plan, step, state, "policy", f"{arn} policy")
    entries = list(_with_copies(plan, arn))
    for entry in entries:
        learn(entry, "ResourcePolicy", found)
    return bool(entries)


def _arn_of(plan: Plan, step: Step, name: str) -> str:
    """The ARN of a secret that is named by its ARN or, in its own account and region, by its name."""
    if name.startswith("arn:"):
        return name
    place = plan.place(step)
    for each in plan.draft.table("secrets") or ():
        arn = str(each.get("ARN")) if isinstance(each, Mapping) else ""
        if each.get("Name") == name and (arn_part(arn, 4), arn_part(arn, 3)) == (place.account, place.region):
            return arn
    return name


def _remove_policy(plan: Plan, step: Step, state: State) -> None:
    arn = _arn_of(plan, step, str(state.inputs.get("secretArn") or state.id))
    for entry in list(_with_copies(plan, arn)):
        forget(entry, "ResourcePolicy")


HANDLERS: dict[str, Handler] = {
    SECRET: Handler(_make, _remove, True, _identify),
    "aws:secretsmanager/secretPolicy:SecretPolicy": Handler(_make_policy, _remove_policy),
}
