"""A second evaluator, slow and written from AWS's documents alone: one principal, one secret at a time.

It shares no code with keyplan.audit. It knows the part of the language that `random_accounts` writes, and
weighs in the order deny < unknown < conditional < allow: both is the smaller, either is the larger, and not
turns allow and deny around.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from typing import Any

DENY, UNKNOWN, CONDITIONAL, ALLOW = range(4)
WORDS = ("deny", "unknown", "conditional", "allow")
# What differs from request to request, and whether it is always there.
OPEN_KEYS = {
    "aws:sourceip": False,  # absent through a VPC endpoint
    "aws:multifactorauthpresent": False,
    "aws:tokenissuetime": False,
    "aws:sourceidentity": False,
    "aws:sourcevpce": False,
    "kms:encryptioncontext:secretversionid": True,
}
ELSEWHERE, ANY = "another organization than ours, or none", "any organization, or none"


def negated(verdict: int) -> int:
    return {ALLOW: DENY, DENY: ALLOW}.get(verdict, verdict)


def glob(pattern: str, text: str) -> bool:
    parts = [".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern]
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def account_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def moment(text: str) -> float:
    if text.isdigit() and len(text) > 4:
        return float(text)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found.replace(tzinfo=found.tzinfo or UTC).timestamp()


def ordered(order: str, given: float, wanted: float) -> bool:
    return {
        "Equals": given == wanted,
        "LessThan": given < wanted,
        "LessThanEquals": given <= wanted,
        "GreaterThan": given > wanted,
        "GreaterThanEquals": given >= wanted,
    }[order]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class Reference:
    """Verdicts of one snapshot."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.snapshot = snapshot
        self.account = snapshot["account_id"]
        organization = snapshot["organization"] or {"Id": None, "Accounts": [], "ManagementAccountId": None}
        self.organization, self.members = organization["Id"], organization["Accounts"]
        self.manager = organization["ManagementAccountId"]
        own = snapshot["authorization_details"]
        every = [own, *(each["authorization_details"] for each in snapshot["external_accounts"].values())]
        self.principals = {
            each["Arn"]: each
            for details in every
            for each in (*details["UserDetailList"], *details["RoleDetailList"])
        }
        self.managed = {
            each["Arn"]: each["PolicyVersionList"][0]["Document"]
            for details in every
            for each in details["Policies"]
        }
        self.groups = {each["GroupName"]: each for each in own["GroupDetailList"]}
        self.keys = {each["Arn"]: each for each in snapshot["kms_keys"]}

    # -- one request ---------------------------------------------------------------------------------------

    def context(self, arn: str, resource: dict[str, Any], action: str, target: str | None) -> dict[str, Any]:
        """The keys of a request; one that is not in it is absent."""
        who = self.principals[arn]
        found: dict[str, Any] = {
            "aws:principalarn": arn,
            "aws:principalaccount": account_of(arn),
            "aws:principaltype": "User" if ":user/" in arn else "AssumedRole",
            "aws:requestedregion": "eu-west-1",
            "aws:currenttime": self.snapshot["context"]["aws:CurrentTime"],
            "aws:securetransport": "true",
            "aws:viaawsservice": "true" if action == "kms:Decrypt" else "false",
            "aws:resourceaccount": self.account if target is None else account_of(target),
        }
        if account_of(arn) in self.members:
            found["aws:principalorgid"] = self.organization
        elif self.organization is not None:
            found["aws:principalorgid"] = ELSEWHERE
        elif account_of(arn) != self.account:
            found["aws:principalorgid"] = ANY
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
            found["kms:encryptioncontextkeys"] = ["SecretARN", "SecretVersionId"]
            found["kms:calleraccount"] = account_of(arn)
        return found

    def statement(
        self,
        each: dict[str, Any],
        action: str,
        target: str,
        context: dict[str, Any],
        version: str = "2012-10-17",
    ) -> int:
        """Whether a statement is about a request, its principals left out."""
        if not any(
            glob(a.lower(), action.lower()) for a in listed(each.get("Action", each.get("NotAction")))
        ) ^ ("NotAction" in each):
            return DENY
        if "Resource" in each or "NotResource" in each:
            inside = any(
                (text := self.replaced(r, context, version)) is not None and glob(text, target)
                for r in listed(each.get("Resource", each.get("NotResource")))
            )
            if inside == ("NotResource" in each):
                return DENY
        verdict = ALLOW
        for operator, lines in each.get("Condition", {}).items():
            for key, values in lines.items():
                verdict = min(verdict, self.line(operator, key.lower(), listed(values), context, version))
        return verdict

    def replaced(self, text: str, context: dict[str, Any], version: str) -> str | None:
        """With variables replaced, of the newer version alone; a tag's own wildcard is not tried here."""
        if version != "2012-10-17":
            return text
        for inside in re.findall(r"\$\{([^}]+)\}", text):
            name, _, default = (each.strip() for each in inside.partition(","))
            value = context.get(name.lower(), default[1:-1] if default else None)
            if value is None:
                return None
            text = text.replace("${" + inside + "}", value)
        return text

    def line(self, operator: str, key: str, values: list[str], context: dict[str, Any], version: str) -> int:
        several, _, operator = operator.rpartition(":")
        found = context.get(key)
        is_role = context["aws:principaltype"] == "AssumedRole"
        is_open = key in OPEN_KEYS and not (key.startswith("kms:") and "kms:viaservice" not in context)
        is_open = is_open and (is_role or key != "aws:sourceidentity")  # of a role's session alone
        if operator == "Null":
            if OPEN_KEYS.get(key) or (is_role and key == "aws:tokenissuetime"):
                return ALLOW if "false" in values else DENY
            if is_open or found in (ELSEWHERE, ANY):
                return CONDITIONAL
            return ALLOW if ("true" if found is None else "false") in values else DENY
        if is_open or found == ANY:
            return CONDITIONAL
        if key.startswith("example:"):
            return UNKNOWN
        optional = operator.endswith("IfExists")
        base = operator.removesuffix("IfExists")
        negative, base = "Not" in base, base.replace("Not", "")
        if found is None:
            return ALLOW if optional or several == "ForAllValues" or (negative and not several) else DENY
        if found == ELSEWHERE:
            return self.elsewhere(values, optional, negative)
        return self.of_values(base, several, negative, (listed(found), values), context, version)

    def elsewhere(self, values: list[str], optional: bool, negative: bool) -> int:
        """Where the request's organization is not ours: one operator's values of ours and of others."""
        perhaps = CONDITIONAL if any(value != self.organization for value in values) else DENY
        if negative:
            return negated(perhaps)
        return CONDITIONAL if optional else perhaps

    def of_values(
        self,
        base: str,
        several: str,
        negative: bool,
        both: tuple[list[str], list[str]],
        context: dict[str, Any],
        version: str,
    ) -> int:
        """Values of a request against those of a policy."""
        given, values = both
        texts = [
            self.replaced(value, context, version) if base.startswith(("String", "Arn")) else value
            for value in values
        ]
        # A variable without a value is null: nothing equals it, and everything is unequal to it.
        hits = [any(self.compare(base, text, each) for text in texts if text is not None) for each in given]
        if several and set(given) == {""}:
            return ALLOW if several == "ForAllValues" else DENY  # a null data set
        if several == "ForAllValues":
            return ALLOW if all(hit != negative for hit in hits) else DENY
        if several == "ForAnyValue":
            return ALLOW if any(hit != negative for hit in hits) else DENY
        if len(set(hits)) > 1:
            return UNKNOWN  # several values that differ, and no set operator
        return ALLOW if any(hits) != negative else DENY

    def compare(self, base: str, wanted: str, given: str) -> bool:
        if base == "StringEquals":
            return wanted == given
        if base == "StringEqualsIgnoreCase" or base == "Bool":
            return wanted.lower() == given.lower()
        if base == "StringLike":
            return glob(wanted, given)
        if base == "IpAddress":
            return ipaddress.ip_address(given) in ipaddress.ip_network(wanted)
        if base.startswith("Date"):
            return ordered(base.removeprefix("Date"), moment(given), moment(wanted))
        if base.startswith("Numeric"):
            return given.isdigit() and ordered(base.removeprefix("Numeric"), float(given), float(wanted))
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
                    version = document.get("Version", "2008-10-17")
                    verdict = max(verdict, self.statement(each, action, target, context, version))
        return verdict

    def named(
        self, document: Any, effect: str, arn: str, action: str, target: str, context: dict[str, Any]
    ) -> dict[str, int]:
        """What a resource's policy says to everybody or the user, to the role by its ARN, to the account."""
        found = {"caller": DENY, "role": DENY, "account": DENY}
        for each in (document or {"Statement": []})["Statement"]:
            if each["Effect"] != effect:
                continue
            version = document.get("Version", "2008-10-17")
            verdict = self.statement(each, action, target, context, version)
            given = each.get("Principal", each.get("NotPrincipal"))
            names = ["*"] if given == "*" else listed(given.get("AWS", []))
            own = {arn, self.principals[arn].get("UserId", self.principals[arn].get("RoleId"))}
            session = f":assumed-role/{arn.rpartition('/')[2]}/"
            named = bool(own & set(names))
            by_session = ":role/" in arn and any(
                session in name and account_of(name) == account_of(arn) for name in names
            )
            perhaps = min(verdict, CONDITIONAL)
            if "NotPrincipal" in each:
                bounded = effect == "Deny" and "PermissionsBoundary" in self.principals[arn]
                if bounded:
                    found["caller"] = max(found["caller"], verdict)
                elif not named and "*" not in names:
                    found["caller"] = max(found["caller"], perhaps if by_session else verdict)
                continue
            if "*" in names or (named and ":user/" in arn):
                found["caller"] = max(found["caller"], verdict)
            if by_session:
                found["caller"] = max(found["caller"], perhaps)
            if named and ":role/" in arn:
                found["role"] = max(found["role"], verdict)
            if account_of(arn) in names or f"arn:aws:iam::{account_of(arn)}:root" in names:
                found["account"] = max(found["account"], verdict)
        return found

    def decide(
        self,
        arn: str,
        action: str,
        target: str,
        resource: dict[str, Any],
        policy: Any,
        needed: bool,
        controlled: bool = True,
    ) -> int:
        who = self.principals[arn]
        owner = account_of(target) or self.account
        context = self.context(arn, resource, action, target if account_of(target) else None)
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
        granted, to_account = self.granted(arn, resource)
        gives["account"] = max(gives["account"], to_account)
        own = min(identity, boundary)
        if account_of(arn) != owner:
            allowed = min(own, max(gives.values()))
        else:
            own = min(own, gives["account"]) if needed else own
            allowed = max(own, gives["caller"], min(gives["role"], boundary))
        allowed = max(allowed, granted)
        if "/aws-service-role/" in arn:
            return min(allowed, negated(denied))
        for level in self.levels("scps", account_of(arn)):
            documents = [each["Content"] for each in level["policies"]]
            allowed = min(allowed, self.weigh(documents, "Allow", action, target, context))
            denied = max(denied, self.weigh(documents, "Deny", action, target, context))
        for level in self.levels("rcps", owner) if controlled else ():
            documents = [each["Content"] for each in level["policies"]]
            denied = max(denied, self.weigh(documents, "Deny", action, target, context))
        return min(allowed, negated(denied))

    def levels(self, kind: str, account: str) -> Any:
        if account == self.manager:
            return ()
        return (self.snapshot[kind] or {}).get(account, ())

    def granted(self, arn: str, resource: dict[str, Any]) -> tuple[int, int]:
        """What the grants of a secret's key give a principal, and its account."""
        direct = account = DENY
        for grant in resource.get("Grants", ()):
            if "Decrypt" not in grant["Operations"]:
                continue
            wanted = grant.get("Constraints", {}).get("EncryptionContextSubset", {})
            if wanted.get("SecretARN", resource["secret"]) != resource["secret"]:
                continue
            if grant["GranteePrincipal"] == arn:
                direct = ALLOW
            elif grant["GranteePrincipal"] == f"arn:aws:iam::{account_of(arn)}:root":
                account = ALLOW
            elif ":role/" in arn and f":assumed-role/{arn.rpartition('/')[2]}/" in grant["GranteePrincipal"]:
                direct = max(direct, CONDITIONAL)
        return direct, account

    # -- questions -----------------------------------------------------------------------------------------

    def reads(self, arn: str, secret: dict[str, Any]) -> int:
        target = secret["ARN"]
        policy = secret.get("ResourcePolicy")
        verdict = self.decide(arn, "secretsmanager:GetSecretValue", target, secret, policy, needed=False)
        key = self.keys.get(secret.get("KmsKeyId", ""))
        entry = {
            "secret": target,
            "Tags": (key or {}).get("Tags", []),
            "Grants": (key or {}).get("Grants", []),
        }
        if key is None:
            through = {
                "StringEquals": {
                    "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
                    "kms:CallerAccount": self.account,
                }
            }
            document = {
                "Statement": [
                    {
                        "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
                        "Condition": through,
                    }
                ]
            }  # fmt: skip
            return min(
                verdict,
                self.decide(arn, "kms:Decrypt", "aws-owned", entry, document, needed=True, controlled=False),
            )
        if key["KeyState"] != "Enabled":
            return DENY
        # A key policy's statement without Resource has no effect.
        own = {
            **key["KeyPolicy"],
            "Statement": [each for each in key["KeyPolicy"]["Statement"] if "Resource" in each],
        }
        return min(verdict, self.decide(arn, "kms:Decrypt", key["Arn"], entry, own, needed=True))

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
