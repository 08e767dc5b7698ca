"""Why somebody who shall read cannot: the first request that fails, and what makes it fail. Pure."""

from __future__ import annotations

from keyplan.audit.callers import Caller
from keyplan.audit.decisions import Judge
from keyplan.audit.estate import Estate
from keyplan.audit.gate.ways import deciding, shown
from keyplan.audit.lacking import lacking
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.reasons import best_form, denying


def hindrance(estate: Estate, caller: Caller, secret: int) -> str | None:
    """What keeps a caller from being sure to read; None: nothing does.

    Args:
        secret: its position.
    """
    target, bit = estate.secrets[secret], 1 << secret
    if target.deleted:
        return "the secret is scheduled for deletion"
    reading, session = best_form(estate.readers, caller, bit)
    if reading.verdicts(session).verdict(bit) is not Verdict.ALLOW:
        return f"GetSecretValue {_why(reading, session, secret)}"
    if target.key is None and not target.aws_key:
        return "Decrypt may fail: its key is not in the snapshot"
    decrypting, session = best_form((estate.decrypters,), caller, bit)
    if decrypting.verdicts(session).verdict(bit) is not Verdict.ALLOW:
        return f"Decrypt {_why(decrypting, session, secret)}"
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
    parts = judge.parts(caller)
    missing = [words for mask, words in lacking(judge, caller, parts) if mask & bit]
    return f"fails: {' and '.join(missing) or 'no policy that counts allows it'}"
