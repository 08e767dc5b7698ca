"""A second evaluator, slow and written from AWS's documents alone: one principal, one secret at a time.

It shares no code with keyplan.audit. It knows the part of the language that `random_accounts` writes, and
weighs in the order deny < unknown < conditional < allow: both is the smaller, either is the larger, and not
turns allow and deny around.
"""

from __future__ import annotations

import re
from typing import Any

DENY, UNKNOWN, CONDITIONAL, ALLOW = range(4)
WORDS = ("deny", "unknown", "conditional", "allow")
OPEN_KEYS = ("aws:sourceip", "aws:multifactorauthpresent", "aws:sourcevpce")


def negated(verdict: int) -> int:
    return {ALLOW: DENY, DENY: ALLOW}.get(verdict, verdict)


def glob(pattern: str, text: str) -> bool:
    parts = [".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern]
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class Reference:
    """Verdicts of one snapshot."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.snapshot = snapshot
        self.account = snapshot["account_id"]
        details = snapshot["authorization_details"]
        self.principals = {
            each["Arn"]: each for each in (*details["UserDetailList"], *details["RoleDetailList"])
        }
        self.managed = {each["Arn"]: each["PolicyVersionList"][0]["Document"] for each in details["Policies"]}
        self.groups = {each["GroupName"]: each for each in details["GroupDetailList"]}
        self.keys = {each["Arn"]: each for each in snapshot["kms_keys"]}

    # -- one request ---------------------------------------------------------------------------------------

    def context(self, arn: str, resource: dict[str, Any], action: str) -> dict[str, Any]:
        """The keys of a request; one that is not in it is absent."""
        who = self.principals[arn]
        found: dict[str, Any] = {
            "aws:principalarn": arn,
            "aws:principalaccount": self.account,
            "aws:principaltype": "User" if ":user/" in arn else "AssumedRole",
            "aws:requestedregion": "eu-west-1",
        }
        if ":user/" in arn:
            found["aws:username"] = who["UserName"]
        for tag in who.get("Tags", ()):
            found[f"aws:principaltag/{tag['Key'].lower()}"] = tag["Value"]
        for tag in resource.get("Tags", ()):
            found[f"aws:resourcetag/{tag['Key'].lower()}"] = tag["Value"]
            if action.startswith("secretsmanager:"):
                found[f"secretsmanager:resourcetag/{tag['Key'].lower()}"] = tag["Value"]
        if action == "kms:Decrypt":
            found["kms:viaservice"] = "secretsmanager.eu-west-1.amazonaws.com"
            found["kms:encryptioncontext:secretarn"] = resource["secret"]
            found["kms:calleraccount"] = self.account
        return found

    def statement(self, each: dict[str, Any], action: str, target: str, context: dict[str, Any]) -> int:
        """Whether a statement is about a request, its principals left out."""
        if not any(
            glob(a.lower(), action.lower()) for a in listed(each.get("Action", each.get("NotAction")))
        ) ^ ("NotAction" in each):
            return DENY
        if "Resource" in each or "NotResource" in each:
            inside = any(
                (text := self.replaced(r, context)) is not None and glob(text, target)
                for r in listed(each.get("Resource", each.get("NotResource")))
            )
            if inside == ("NotResource" in each):
                return DENY
        verdict = ALLOW
        for operator, lines in each.get("Condition", {}).items():
            for key, values in lines.items():
                verdict = min(verdict, self.line(operator, key.lower(), listed(values), context))
        return verdict

    def replaced(self, text: str, context: dict[str, Any]) -> str | None:
        """With variables replaced; a tag's own wildcard is not tried here."""
        for name in re.findall(r"\$\{([^}]+)\}", text):
            if name.lower() not in context:
                return None
            text = text.replace("${" + name + "}", context[name.lower()])
        return text

    def line(self, operator: str, key: str, values: list[str], context: dict[str, Any]) -> int:
        if operator == "Null":
            if key in OPEN_KEYS:
                return CONDITIONAL if key != "aws:sourceip" else (ALLOW if "false" in values else DENY)
            return ALLOW if ("true" if key not in context else "false") in values else DENY
        if key in OPEN_KEYS:
            return CONDITIONAL
        if key.startswith("example:"):
            return UNKNOWN
        optional = operator.endswith("IfExists")
        base = operator.removesuffix("IfExists")
        negative = "Not" in base
        if key not in context:
            return ALLOW if optional or negative else DENY
        texts = [self.replaced(value, context) for value in values]
        hit = any(
            self.compare(base.replace("Not", ""), text, context[key]) for text in texts if text is not None
        )
        if negative and any(text is None for text in texts):
            return DENY  # a variable without a value makes the statement void
        return ALLOW if hit != negative else DENY

    def compare(self, base: str, wanted: str, given: str) -> bool:
        if base == "StringEquals":
            return wanted == given
        if base == "StringLike":
            return glob(wanted, given)
        wanted_parts, parts = wanted.split(":", 5), given.split(":", 5)  # ArnLike, ArnEquals
        return len(wanted_parts) == len(parts) == 6 and all(map(glob, wanted_parts, parts))

    # -- policies ------------------------------------------------------------------------------------------

    def documents(self, who: dict[str, Any]) -> list[Any]:
        found = [each["PolicyDocument"] for each in who.get("UserPolicyList", who.get("RolePolicyList", ()))]
        found += [self.managed.get(each["PolicyArn"]) for each in who["AttachedManagedPolicies"]]
        for name in who.get("GroupList", ()):
            group = self.groups[name]
            found += [each["PolicyDocument"] for each in group["GroupPolicyList"]]
            found += [self.managed.get(each["PolicyArn"]) for each in group["AttachedManagedPolicies"]]
        return found

    def weigh(
        self, documents: list[Any], effect: str, action: str, target: str, context: dict[str, Any]
    ) -> int:
        verdict = DENY
        for document in documents:
            if document is None:
                verdict = max(verdict, UNKNOWN)
                continue
            for each in document["Statement"]:
                if each["Effect"] == effect:
                    verdict = max(verdict, self.statement(each, action, target, context))
        return verdict

    def named(
        self, document: Any, effect: str, arn: str, action: str, target: str, context: dict[str, Any]
    ) -> dict[str, int]:
        """What a resource's policy says to everybody or the user, to the role by its ARN, to the account."""
        found = {"caller": DENY, "role": DENY, "account": DENY}
        for each in (document or {"Statement": []})["Statement"]:
            if each["Effect"] != effect:
                continue
            verdict = self.statement(each, action, target, context)
            given = each.get("Principal", each.get("NotPrincipal"))
            names = ["*"] if given == "*" else listed(given.get("AWS", []))
            if "NotPrincipal" in each:
                bounded = effect == "Deny" and "PermissionsBoundary" in self.principals[arn]
                if bounded or (arn not in names and "*" not in names):
                    found["caller"] = max(found["caller"], verdict)
                continue
            if "*" in names or (arn in names and ":user/" in arn):
                found["caller"] = max(found["caller"], verdict)
            if arn in names and ":role/" in arn:
                found["role"] = max(found["role"], verdict)
            if self.account in names or f"arn:aws:iam::{self.account}:root" in names:
                found["account"] = max(found["account"], verdict)
        return found

    def decide(
        self, arn: str, action: str, target: str, resource: dict[str, Any], policy: Any, needed: bool
    ) -> int:
        who = self.principals[arn]
        context = self.context(arn, resource, action)
        mine = self.documents(who)
        identity = self.weigh(mine, "Allow", action, target, context)
        denied = self.weigh(mine, "Deny", action, target, context)
        boundary = ALLOW
        if "PermissionsBoundary" in who:
            document = [self.managed.get(who["PermissionsBoundary"]["PermissionsBoundaryArn"])]
            boundary = self.weigh(document, "Allow", action, target, context)
            denied = max(denied, self.weigh(document, "Deny", action, target, context))
        gives = self.named(policy, "Allow", arn, action, target, context)
        takes = self.named(policy, "Deny", arn, action, target, context)
        denied = max(denied, *takes.values())
        own = min(identity, boundary)
        if needed:
            own = min(own, gives["account"])
        allowed = max(own, gives["caller"], min(gives["role"], boundary))
        for level in (self.snapshot["scps"] or {}).get(self.account, ()):
            documents = [each["Content"] for each in level["policies"]]
            allowed = min(allowed, self.weigh(documents, "Allow", action, target, context))
            denied = max(denied, self.weigh(documents, "Deny", action, target, context))
        return min(allowed, negated(denied))

    # -- questions -----------------------------------------------------------------------------------------

    def reads(self, arn: str, secret: dict[str, Any]) -> int:
        target = secret["ARN"]
        policy = secret.get("ResourcePolicy")
        verdict = self.decide(arn, "secretsmanager:GetSecretValue", target, secret, policy, needed=False)
        key = self.keys.get(secret.get("KmsKeyId", ""))
        entry = {"secret": target, "Tags": (key or {}).get("Tags", [])}
        if key is None:
            through = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}
            document = {
                "Statement": [
                    {
                        "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
                        "Condition": through,
                    }
                ]
            }  # fmt: skip
            return min(verdict, self.decide(arn, "kms:Decrypt", "aws-owned", entry, document, needed=True))
        if key["KeyState"] != "Enabled":
            return DENY
        return min(verdict, self.decide(arn, "kms:Decrypt", key["Arn"], entry, key["KeyPolicy"], needed=True))

    def assumes(self, arn: str, role: str) -> int:
        entry = self.principals[role]
        trust = entry["AssumeRolePolicyDocument"]
        return self.decide(arn, "sts:AssumeRole", role, entry, trust, needed=True)

    def reach(self, arn: str, secret: dict[str, Any]) -> tuple[int, int]:
        """The best verdict through any chain, and the number of principals on a shortest way of it."""
        roles = [each for each in self.principals if ":role/" in each]
        for wanted in (ALLOW, CONDITIONAL, UNKNOWN):
            layer, seen, length = [arn], {arn}, 1
            while layer:
                if any(self.reads(each, secret) >= wanted for each in layer):
                    return wanted, length
                layer = [
                    role
                    for role in roles
                    if role not in seen and any(self.assumes(each, role) >= wanted for each in layer)
                ]
                seen |= set(layer)
                length += 1
        return DENY, 0
