"""Previews and snapshots of any shape: foreseen or refused, and never a failure of keyplan's own."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from keyplan.audit.planned import foreseen
from keyplan.errors import UsageError
from tests.audit.accounts import (
    KEY,
    ROOT,
    SECRET,
    allow,
    attached,
    document,
    key,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
)
from tests.audit_diff import previews
from tests.audit_diff.previews import arn, create, delete, preview, text, update, urn

JUNK: tuple[Any, ...] = (None, 1, previews.UNKNOWN, [None, {}, []], {"a": [None]})
READS, M = document(allow()), arn("policy", "m")
EVERYWHERE = "aws:iam/policyAttachment:PolicyAttachment"
EXCLUSIVE = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
BEHIND = {"policy": [urn(previews.SECRET, "s")]}
ROLE = {"name": "reader", "path": "/", "assumeRolePolicy": text(READS)}


def whole_preview() -> dict[str, Any]:
    """A step of every type that is understood."""
    inline = {
        "inlinePolicies": [{"name": "a", "policy": text(READS)}],
        "managedPolicyArns": [arn("policy", "m")],
    }
    filled = document(allow(resource=[previews.UNKNOWN], Condition={"ArnLike": {"aws:PrincipalArn": "x"}}))
    return preview(
        update(previews.ROLE, "reader", ROLE, {**ROLE, **inline, "permissionsBoundary": "b"}, op="replace"),
        update(previews.ROLE, "other", ROLE, {**ROLE, "name": "other", "tags": {"a": "b"}}),
        create(previews.USER, "u", name="u"),
        delete(previews.GROUP, "g", name="g"),
        create(previews.POLICY, "p", name="p", policy=text(READS)),
        create(previews.ROLE_POLICY, "rp", BEHIND, role="other", policy=filled),
        create(previews.ROLE_ATTACHMENT, "ra", role="other", policyArn=M),
        create(EVERYWHERE, "pa", policyArn="a", users=["ann"], roles=["other"]),
        create("aws:iam/userGroupMembership:UserGroupMembership", "m", user="ann", groups=["g"]),
        create("aws:iam/groupMembership:GroupMembership", "gm", group="g", users=["ann"]),
        create(EXCLUSIVE, "e", roleName="other", policyNames=["a"]),
        create(previews.SECRET, "s", name="s", kmsKeyId=KEY, tags={"a": "b"}, replicas=[{"region": "r"}]),
        create(previews.SECRET_POLICY, "sp", secretArn=SECRET, policy=text(READS)),
        create(previews.KEY, "k", policy=text(READS)),
        create(previews.KEY_POLICY, "kp", keyId=KEY, policy=text(READS)),
        create(
            previews.GRANT, "gr", keyId=KEY, granteePrincipal="x", operations=["Decrypt"],
            constraints=[{"encryptionContextEquals": {"a": "b"}}],
        ),
        create(previews.ALIAS, "a", name="alias/a", targetKeyId=KEY),
        delete(previews.ALIAS, "b", name="alias/b"),
    )  # fmt: skip


def whole_snapshot() -> dict[str, Any]:
    """An account with whatever those steps look for."""
    trust = trusting({"AWS": [ROOT, arn("role", "reader")]})
    result = snapshot(
        user("ann", GroupList=["g"]),
        role("reader", READS),
        role("other", READS, trust=trust, AttachedManagedPolicies=[attached("m")], Tags=[]),
        secrets=[secret(READS, KmsKeyId=KEY)],
        kms_keys=[key(Aliases=["alias/a", {"AliasName": "alias/b"}], Grants=[{"GrantId": "g"}])],
    )
    result["authorization_details"]["Policies"] = [managed("m", READS)]
    result["authorization_details"]["GroupDetailList"] = [{"GroupName": "g"}]
    return result


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything in a document."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, each in inside:
        yield (*path, name)
        yield from places(each, (*path, name))


def changed(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a place."""
    if not path:
        return value
    result = copy.copy(node)
    result[path[0]] = changed(node[path[0]], path[1:], value)
    return result


@pytest.mark.parametrize("which", ["preview", "snapshot"])
def test_whatever_stands_in_a_document_it_is_foreseen_or_refused(which: str) -> None:
    plan, account = whole_preview(), whole_snapshot()
    assert foreseen(account, plan).problems
    refused = 0
    for path in places(plan if which == "preview" else account):
        for value in JUNK:
            try:
                if which == "preview":
                    foreseen(account, changed(plan, path, value))
                else:
                    foreseen(changed(account, path, value), plan)
            except UsageError:
                refused += 1
    assert refused > 0
