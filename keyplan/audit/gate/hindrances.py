"""Why somebody who shall read cannot: the first request that fails, and what makes it fail. Pure."""

from __future__ import annotations

from keyplan.audit.callers import Caller
from keyplan.audit.decisions import Gate, Judge
from keyplan.audit.estate import Estate
from keyplan.audit.gate.ways import best, deciding, shown
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.reasons import denying


def hindrance(estate: Estate, caller: Caller, secret: int) -> str | None:
    """What keeps a caller from being sure to read; None: nothing does.

    Args:
        secret: its position.
    """
    target, bit = estate.secrets[secret], 1 << secret
    if target.deleted:
        return "the secret is scheduled for deletion"
    reading = best(estate.readers, caller, secret)
    if reading.verdicts(caller).verdict(bit) is not Verdict.ALLOW:
        return f"GetSecretValue {_why(reading, caller, secret)}"
    if target.key is None and not target.aws_key:
        return "Decrypt may fail: its key is not in the snapshot"
    if estate.decrypters.verdicts(caller).verdict(bit) is not Verdict.ALLOW:
        return f"Decrypt {_why(estate.decrypters, caller, secret)}"
    if estate.decrypts(caller).verdict(bit) is not Verdict.ALLOW:
        return f"Decrypt fails: its key is {(target.key or {}).get('KeyState', 'not usable')}"
    return None


def _why(judge: Judge, caller: Caller, position: int) -> str:
    bit = 1 << position
    verdict = judge.verdicts(caller).verdict(bit)
    if verdict is not Verdict.DENY:
        sure = {Verdict.CONDITIONAL: "depends on a condition", Verdict.UNKNOWN: "may fail"}[verdict]
        return f"{sure}: it is allowed{deciding(judge, caller, position)}"
    for reason in denying(judge, caller):
        if reason.grades.verdict(bit) is Verdict.ALLOW:
            return f"is denied by {shown(reason.statement(position).name, caller.account)}"
    return f"fails: {_missing(judge, caller, position)}"


def _missing(judge: Judge, caller: Caller, position: int) -> str:
    """Which policy would have to allow it, where none denies."""
    parts, bit = judge.parts(caller), 1 << position
    named = parts.to_caller.join(parts.to_role)
    same = bool(judge.of_account.get(caller.account, 0) & bit)
    if not parts.service_control.unknown & bit:
        return "the SCPs of its account do not allow it"
    if not same and not named.join(parts.to_account).unknown & bit:
        return "the policy of the resource, which is another account's, lets neither it nor its account in"
    if judge.gate is Gate.NEEDED and not named.join(parts.to_account).unknown & bit:
        return "the key's own policy lets neither it nor its account in"
    if not parts.identity.unknown & bit:
        return "no policy allows it"
    if not parts.boundary.unknown & bit:
        return "its permissions boundary does not allow it"
    return "no policy that counts allows it"
