"""Whether a call is allowed in one account without conditions, one at a time; written from AWS's documents.

Source: IAM User Guide, "Policy evaluation for requests within a single account", "Permissions boundaries for
IAM entities"; KMS Developer Guide, "Key policies" (checked 2026-11-22).
"""

from __future__ import annotations

import fnmatch
from typing import Any

READ = "secretsmanager:GetSecretValue"


class Account:
    """The calls of one snapshot."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.snapshot, self.account = snapshot, snapshot["account_id"]
        details = snapshot["authorization_details"]
        self.principals = {
            each["Arn"]: each for each in (*details["UserDetailList"], *details["RoleDetailList"])
        }
        self._managed = {
            each["Arn"]: each["PolicyVersionList"][0]["Document"] for each in details["Policies"]
        }

    def allowed(self, who: str, action: str, on: str, policy: Any = None, *, needed: bool = False) -> bool:
        """Whether a call passes; `policy` is the resource's own, which is `needed` for keys and trusts."""
        entry = self.principals[who]
        inline = entry.get("UserPolicyList", entry.get("RolePolicyList"))
        own = [each["PolicyDocument"] for each in inline]
        own += [self._managed[each["PolicyArn"]] for each in entry["AttachedManagedPolicies"]]
        bound = entry.get("PermissionsBoundary")
        boundary = [] if bound is None else [self._managed[bound["PermissionsBoundaryArn"]]]
        levels = (self.snapshot["scps"] or {}).get(self.account, [])
        controls = [[each["Content"] for each in level["policies"]] for level in levels]
        of_resource = [] if policy is None else [policy]
        if any(self._says("Deny", each, action, on) for each in (own, boundary, *controls)):
            return False
        if self._names("Deny", of_resource, who, action, on) & {"caller", "role", "account"}:
            return False
        if not all(self._says("Allow", each, action, on) for each in controls):
            return False
        bounded = bound is None or self._says("Allow", boundary, action, on)
        named = self._names("Allow", of_resource, who, action, on)
        if "caller" in named or ("role" in named and bounded):
            return True
        return self._says("Allow", own, action, on) and bounded and ("account" in named or not needed)

    def reads(self, who: str, secret: dict[str, Any]) -> bool:
        """Whether the value can be read: Secrets Manager's permission and KMS's."""
        if not self.allowed(who, READ, secret["ARN"], secret.get("ResourcePolicy")):
            return False
        anybody = {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
        key = {"Arn": "the key of AWS's own", "KeyPolicy": {"Statement": [anybody]}}
        for each in self.snapshot["kms_keys"]:
            if each["Arn"] == secret.get("KmsKeyId"):
                key = each
        return self.allowed(who, "kms:Decrypt", str(key["Arn"]), key["KeyPolicy"], needed=True)

    def assumes(self, who: str, role: str) -> bool:
        """Whether a principal can become a role."""
        trust = self.principals[role]["AssumeRolePolicyDocument"]
        return self.allowed(who, "sts:AssumeRole", role, trust, needed=True)

    def _says(self, effect: str, documents: list[Any], action: str, on: str) -> bool:
        return any(
            statement["Effect"] == effect and _is_about(statement, action, on)
            for document in documents
            for statement in document["Statement"]
        )

    def _names(self, effect: str, documents: list[Any], who: str, action: str, on: str) -> set[str]:
        found = set()
        for document in documents:
            for statement in document["Statement"]:
                if statement["Effect"] != effect or not _is_about(statement, action, on):
                    continue
                given = statement["Principal"]
                name = given if given == "*" else given.get("AWS")
                if name == "*" or (name == who and ":user/" in who):
                    found.add("caller")
                elif name == who:
                    found.add("role")
                elif name == f"arn:aws:iam::{self.account}:root":
                    found.add("account")
        return found


def _is_about(statement: dict[str, Any], action: str, on: str) -> bool:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    resource = statement.get("Resource", "*")
    return any(fnmatch.fnmatchcase(action, each) for each in actions) and fnmatch.fnmatchcase(on, resource)
