"""KMS keys of a plan: their policies, grants and aliases.

Source: KMS Developer Guide, "Default key policy" (of a key that is created by the API), "Key states of AWS
KMS keys", "Deleting AWS KMS keys"; the AWS provider's resource aws_kms_key_policy, which puts the default
policy back when it is removed; checked 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyplan.audit.arns import arn_part
from keyplan.audit.planned.documents import document, set_tags
from keyplan.audit.planned.draft import Entry, entries, learn, without
from keyplan.audit.planned.handler import Handler, Plan
from keyplan.audit.planned.steps import State, Step
from keyplan.audit.planned.values import Identity, is_open, known_arn, name_of

KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"


def _identify(plan: Plan, step: Step, state: State) -> Identity:
    place = plan.place(step)
    known = known_arn(step)
    if known is not None:
        return Identity(KEY, known, known.rpartition("/")[2])
    key_id = state.id if step.op == "import" and state.id else f"planned-{step.name}"
    arn = f"arn:{place.partition}:kms:{place.region}:{place.account}:key/{key_id}"
    return Identity(KEY, arn, key_id)


def _make(plan: Plan, step: Step, state: State) -> None:
    identity, table = plan.identity(step), plan.draft.table("kms_keys")
    if identity is None or table is None:
        return
    entry = plan.draft.find(table, "Arn", (identity.arn,))
    if entry is None:
        entry = {
            "Arn": identity.arn, "KeyId": identity.name, "KeyManager": "CUSTOMER", "KeyState": "Enabled",
            "Grants": [], "Tags": [], "Aliases": [],
        }  # fmt: skip
        if step.op in ("update", "import"):
            plan.draft.say(f"{step.label}: the key is not in the snapshot, so its policy is unknown")
            learn(entry, "KeyPolicy", None)
        else:
            entry["KeyPolicy"] = default_policy(plan, identity.arn)
        plan.draft.put(table, "Arn", entry)
    if step.op == "import":
        return
    if state.inputs.get("policy") and step.changes("policy"):
        _set_policy(plan, step, state, entry)
    if step.changes("isEnabled"):
        learn(entry, "KeyState", "Disabled" if state.inputs.get("isEnabled") is False else "Enabled")
    if step.changes("tags") or step.changes("tagsAll"):
        set_tags(plan, step, state, entry)


def default_policy(plan: Plan, arn: str) -> dict[str, Any]:
    """What a key has that nobody gave a policy: its account's own policies decide."""
    root = f"arn:{plan.draft.partition}:iam::{arn_part(arn, 4)}:root"
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [{"Sid": "Enable IAM User Permissions", **statement}]}


def _set_policy(plan: Plan, step: Step, state: State, entry: Entry) -> None:
    learn(entry, "KeyPolicy", document(plan, step, state, "policy", f"{entry['Arn']} policy"))


def _remove(plan: Plan, step: Step, state: State) -> None:
    entry = _known(plan, step, str(state.outputs.get("arn") or state.id))
    if entry is not None:
        learn(entry, "KeyState", "PendingDeletion")


def _about(plan: Plan, step: Step, state: State, name: str) -> Entry | None:
    """The key that a resource is about; None, and said, where it is not known or not in the snapshot."""
    target = plan.references.target(state, name, KEY)
    if target is None:
        plan.draft.say(f"{step.label}: which key it is about is not known before the update")
        return None
    entry = _known(plan, step, target.arn if isinstance(target, Identity) else target)
    if entry is None and plan.draft.table("kms_keys") is not None:
        plan.draft.say(f"{step.label}: its key is not in the snapshot")
    return entry


def _known(plan: Plan, step: Step, key: str) -> Entry | None:
    """A key by its ARN, or in its own account and region by its id."""
    table = plan.draft.table("kms_keys")
    if key.startswith("arn:"):
        return plan.draft.find(table, "Arn", (key,))
    place = plan.place(step)
    arn = f"arn:{place.partition}:kms:{place.region}:{place.account}:key/{key}"
    return plan.draft.find(table, "Arn", (arn,))


# -- policies, grants, aliases -----------------------------------------------------------------------------


def _make_policy(plan: Plan, step: Step, state: State) -> None:
    entry = _about(plan, step, state, "keyId")
    if entry is not None and step.changes("policy"):
        _set_policy(plan, step, state, entry)


def _remove_policy(plan: Plan, step: Step, state: State) -> None:
    entry = _known(plan, step, str(state.inputs.get("keyId")))
    if entry is not None and state.inputs.get("bypassPolicyLockoutSafetyCheck") is not True:
        learn(entry, "KeyPolicy", default_policy(plan, entry["Arn"]))


def _make_grant(plan: Plan, step: Step, state: State) -> None:
    entry = _about(plan, step, state, "keyId")
    if entry is None:
        return
    grantee = plan.references.target(state, "granteePrincipal", *_GRANTEES)
    constraints = state.inputs.get("constraints")
    if grantee is None or is_open(state.inputs.get("operations")) or is_open(constraints):
        plan.draft.say(
            f"{step.label}: to whom or for what it is given is not known before the update; it is left out"
        )
        return
    grant = {
        "GrantId": f"planned-{step.name}",
        "GranteePrincipal": grantee.arn if isinstance(grantee, Identity) else grantee,
        "Operations": state.inputs.get("operations") or [],
        "Constraints": dict(_constraints(constraints)),
    }
    entry["Grants"] = [*entries(entry.get("Grants")), grant]


_GRANTEES = ("aws:iam/role:Role", "aws:iam/user:User")


def _constraints(listed: object) -> Iterator[tuple[str, Any]]:
    for each in listed if isinstance(listed, list) else ():
        for given, name in (
            ("encryptionContextEquals", "EncryptionContextEquals"),
            ("encryptionContextSubset", "EncryptionContextSubset"),
        ):
            if isinstance(each, Mapping) and each.get(given):
                yield name, each[given]


def _remove_grant(plan: Plan, step: Step, state: State) -> None:
    entry = _known(plan, step, str(state.inputs.get("keyId")))
    if entry is not None:
        wanted = state.outputs.get("grantId") or state.id.rpartition(":")[2]
        entry["Grants"] = without(entry.get("Grants"), "GrantId", (str(wanted),))


def _identify_alias(plan: Plan, step: Step, state: State) -> Identity:
    place, name = plan.place(step), name_of(step, state) or f"alias/{step.name}"
    return Identity(ALIAS, f"arn:{place.partition}:kms:{place.region}:{place.account}:{name}", name)


def _make_alias(plan: Plan, step: Step, state: State) -> None:
    identity = plan.identity(step)
    entry = _about(plan, step, state, "targetKeyId")
    if identity is None or entry is None:
        return
    _take_alias(plan, entry["Arn"], identity.name)
    kept = entry.get("Aliases")
    entry["Aliases"] = [*(kept if isinstance(kept, list) else ()), {"AliasName": identity.name}]


def _take_alias(plan: Plan, near: str, name: str) -> None:
    """Take an alias from every key of an account and region: one key has it."""
    table = plan.draft.table("kms_keys")
    for number, each in enumerate(table or ()):
        arn = str(each.get("Arn")) if isinstance(each, Mapping) else ""
        if arn.split(":")[:5] == near.split(":")[:5] and each.get("Aliases"):
            kept = without(each["Aliases"], "AliasName", (name,))
            plan.draft.owned(table, number)["Aliases"] = [other for other in kept if other != name]


def _remove_alias(plan: Plan, step: Step, state: State) -> None:
    place = plan.place(step)
    near = f"arn:{place.partition}:kms:{place.region}:{place.account}:"
    _take_alias(plan, near, name_of(step, state) or state.id)


HANDLERS: dict[str, Handler] = {
    KEY: Handler(_make, _remove, True, _identify),
    "aws:kms/keyPolicy:KeyPolicy": Handler(_make_policy, _remove_policy),
    "aws:kms/grant:Grant": Handler(_make_grant, _remove_grant),
    ALIAS: Handler(_make_alias, _remove_alias, False, _identify_alias),
}
