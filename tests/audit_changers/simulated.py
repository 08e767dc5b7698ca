"""A second answer to who could change access, found by doing: calls change the snapshot until none helps.

It shares no code with keyplan.audit. Whether a call is allowed and who reads is asked of the plain evaluator,
each time of the snapshot as it then is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tests.audit_changers.plain_evaluator import Account

ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def _open(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


class World:
    """A snapshot that calls change, and who is held."""

    def __init__(self, snapshot: dict[str, Any], start: str) -> None:
        self.snapshot = copy.deepcopy(snapshot)
        self.held = {start}
        self.done: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Make calls until nothing new happens."""
        fresh = True
        while fresh:
            fresh = False
            for call in list(self._allowed()):
                fresh = self._made(call) or fresh

    def readers(self) -> set[tuple[str, str]]:
        """Who reads what now, directly."""
        account = Account(self.snapshot)
        return {
            (arn, secret["ARN"])
            for arn in account.principals
            for secret in self.snapshot["secrets"]
            if account.reads(arn, secret)
        }

    def _allowed(self) -> Iterator[tuple[str, str]]:
        account = Account(self.snapshot)
        for who in sorted(self.held):
            for secret in self.snapshot["secrets"]:
                for action in ("PutResourcePolicy", "DeleteResourcePolicy"):
                    call = f"secretsmanager:{action}"
                    policy = secret.get("ResourcePolicy")
                    if account.allowed(who, call, secret["ARN"], policy):
                        yield action, secret["ARN"]
            for key in self.snapshot["kms_keys"]:
                policy = key["KeyPolicy"]
                for action in ("PutKeyPolicy", "CreateGrant"):
                    call = f"kms:{action}"
                    if account.allowed(who, call, key["Arn"], policy, needed=True):
                        yield action, key["Arn"]
            for target in account.principals:
                yield from self._of_principal(account, who, target)

    def _of_principal(self, account: Account, who: str, target: str) -> Iterator[tuple[str, str]]:
        def may(action: str, on: str = target) -> bool:
            return account.allowed(who, action, on)

        kind = "Role" if ":role/" in target else "User"
        calls = [f"Put{kind}Policy", f"Delete{kind}Policy", f"Delete{kind}PermissionsBoundary"]
        calls += ["UpdateAssumeRolePolicy"] if kind == "Role" else ["CreateAccessKey"]
        for call in calls:
            if may(f"iam:{call}"):
                yield call, target
        if kind == "Role" and account.assumes(who, target):
            yield "AssumeRole", target
        trust = str(account.principals[target].get("AssumeRolePolicyDocument"))
        if "lambda.amazonaws.com" in trust and may("iam:PassRole"):
            function = "arn:aws:lambda:eu-west-1:111122223333:function:any"
            if may("lambda:CreateFunction", function) and may("lambda:InvokeFunction", function):
                yield "PassRole", target

    def _made(self, call: tuple[str, str]) -> bool:
        if call in self.done:
            return False
        self.done.add(call)
        action, target = call
        details = self.snapshot["authorization_details"]
        everybody = {each["Arn"]: each for each in (*details["UserDetailList"], *details["RoleDetailList"])}
        if action in ("AssumeRole", "UpdateAssumeRolePolicy", "CreateAccessKey", "PassRole"):
            self.held.add(target)
        elif action in ("PutUserPolicy", "PutRolePolicy", "DeleteUserPolicy", "DeleteRolePolicy"):
            self._change_policies(action, everybody[target])
        elif action.endswith("PermissionsBoundary"):
            everybody[target].pop("PermissionsBoundary", None)
        else:
            self._change_resource(action, target)
        return True

    def _change_policies(self, action: str, entry: dict[str, Any]) -> None:
        inline = "UserPolicyList" if "UserName" in entry else "RolePolicyList"
        kept = [each for each in entry[inline] if "Deny" not in str(each["PolicyDocument"])]
        put = action.startswith("Put") or any(each["PolicyName"] == "put" for each in entry[inline])
        entry[inline] = [*kept, *([{"PolicyName": "put", "PolicyDocument": ANYTHING}] if put else [])]

    def _change_resource(self, action: str, target: str) -> None:
        if target.startswith("arn:aws:kms:"):
            (key,) = [each for each in self.snapshot["kms_keys"] if each["Arn"] == target]
            # A grant is as good as a statement of the key's policy, and leaves what the policy denies.
            kept = [] if action == "PutKeyPolicy" else key["KeyPolicy"]["Statement"]
            key["KeyPolicy"] = {"Statement": [*kept, *_open("kms:Decrypt")["Statement"]]}
            return
        (secret,) = [each for each in self.snapshot["secrets"] if each["ARN"] == target]
        if action == "PutResourcePolicy":
            secret["ResourcePolicy"] = _open("secretsmanager:GetSecretValue")
        elif ("PutResourcePolicy", target) not in self.done and "Deny" in str(secret.get("ResourcePolicy")):
            secret.pop("ResourcePolicy", None)


def could_gain(snapshot: dict[str, Any], start: str) -> set[str]:
    """The secrets that a principal could read, or let somebody read who does not, by whatever calls."""
    world = World(snapshot, start)
    before = world.readers()
    world.run()
    fresh = world.readers() - before
    return {secret for _, secret in fresh} | {secret for who, secret in world.readers() if who in world.held}
