"""Small previews, as `pulumi preview --json` of v3.259.0 prints them."""

from __future__ import annotations

import json
from typing import Any

from tests.audit.accounts import ACCOUNT, REGION

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
DEFAULT_PROVIDER = "urn:pulumi:prod::keyplan::pulumi:providers:aws::default_7_51_1::92340ee9-939a"
ROLE, USER, GROUP = "aws:iam/role:Role", "aws:iam/user:User", "aws:iam/group:Group"
POLICY = "aws:iam/policy:Policy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
SECRET, SECRET_POLICY = "aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretPolicy:SecretPolicy"
KEY, KEY_POLICY = "aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"
GRANT, ALIAS = "aws:kms/grant:Grant", "aws:kms/alias:Alias"
Step = dict[str, Any]


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:prod::keyplan::keyplan:aws:Environment${kind}::{name}"


def preview(*steps: Step, **more: Any) -> dict[str, Any]:
    return {"config": {"aws:region": REGION}, "steps": list(steps), "changeSummary": {}, **more}


def state(kind: str, name: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"urn": urn(kind, name), "custom": True, "type": kind, "inputs": inputs, **more}


def create(kind: str, name: str, depends: dict[str, list[str]] | None = None, /, **inputs: Any) -> Step:
    return {
        "op": "create",
        "urn": urn(kind, name),
        "provider": DEFAULT_PROVIDER,
        "newState": state(kind, name, inputs, propertyDependencies=depends or {}),
        "detailedDiff": None,
    }


def delete(kind: str, name: str, outputs: dict[str, Any] | None = None, /, **inputs: Any) -> Step:
    return {
        "op": "delete",
        "urn": urn(kind, name),
        "provider": DEFAULT_PROVIDER,
        "oldState": state(kind, name, inputs, outputs=outputs or inputs, id=inputs.get("name", "")),
        "detailedDiff": None,
    }


def update(
    kind: str,
    name: str,
    old: dict[str, Any],
    new: dict[str, Any],
    outputs: dict[str, Any] | None = None,
    depends: dict[str, list[str]] | None = None,
    op: str = "update",
) -> Step:
    reasons = [each for each in {**old, **new} if old.get(each) != new.get(each)]
    return {
        "op": op,
        "urn": urn(kind, name),
        "provider": DEFAULT_PROVIDER,
        "oldState": state(kind, name, old, outputs=outputs or old, id=old.get("name", "")),
        "newState": state(kind, name, new, propertyDependencies=depends or {}),
        "diffReasons": reasons,
        "detailedDiff": {each: {"kind": "update", "inputDiff": True} for each in reasons},
    }


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def text(document: dict[str, Any]) -> str:
    return json.dumps(document)
