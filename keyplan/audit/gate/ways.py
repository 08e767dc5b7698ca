"""By what somebody gets to a secret: of each request on the way the statement, policy or grant that decides.

In short, for a finding's message; `keyplan.audit.proof` is the whole of it. Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from keyplan.audit.callers import Caller
from keyplan.audit.chains import Graph
from keyplan.audit.decisions import Gate, Judge
from keyplan.audit.estate import Estate
from keyplan.audit.grants import grants_of
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.policies.keys import ASSUME_ROLE
from keyplan.audit.reasons import Reason, allowing, best_form, denying, open_keys
from keyplan.audit.reports.names import short
from keyplan.audit.secrets import Secret

TO_ACCOUNT = "resource, for the account"


def way(estate: Estate, graph: Graph, path: Sequence[int], secret: int) -> str:
    """`takes role/x by user/ann p0[0] and role/x trust[0]; reads by role/x p0[Read]`.

    Args:
        path: numbers of principals, as `chains.Reach` has it.
        secret: its position.
    """
    steps = [
        f"takes {shown(estate.callers[role].arn, estate.callers[taker].account)}"
        f"{_taking(estate, estate.callers[taker], graph.role_at[role])}"
        for taker, role in itertools.pairwise(path)
    ]
    last = estate.callers[path[-1]]
    steps.append(f"reads{deciding(*best_form(estate.readers, last, 1 << secret), secret)}")
    target = estate.secrets[secret]
    if target.key is None and not target.aws_key:
        steps.append("decrypts with a key that is not in the snapshot")
    elif not target.aws_key:
        steps.append(f"decrypts{_decrypting(estate, last, target, secret)}")
    return "; ".join(steps)


def _taking(estate: Estate, caller: Caller, role: int) -> str:
    return deciding(*best_form(estate.assuming, caller, 1 << role), role)


def shown(name: str, account: str) -> str:
    """A principal, a policy or a statement without what goes without saying: `role/x p0[Read]`."""
    text = short(name)
    for own in (f"{account} ", "aws "):
        text = text.removeprefix(own)
    return text


def deciding(judge: Judge, caller: Caller, position: int, grants: Sequence[str] = ()) -> str:
    """` by X and Y, if aws:SourceIp fits`: what lets a caller do it, and what is open in that.

    Args:
        grants: names of KMS grants that do so, too.
    """
    found = [reason for reason in allowing(judge, caller) if reason.grades.unknown & (1 << position)]
    names = [*_decisive(judge, caller, position, found), *grants]
    if not names:
        return ", which the snapshot leaves open"
    verdict = judge.verdicts(caller).verdict(1 << position)
    return f" by {' and '.join(names)}{_open(judge, caller, position, found, verdict)}"


def _decisive(judge: Judge, caller: Caller, position: int, found: Sequence[Reason]) -> Iterator[str]:
    """The best statement of the principal's policies, and that of the resource's own."""
    same = bool(judge.of_account.get(caller.account, 0) & (1 << position))
    own = _best(found, position, "identity")
    named = _best(found, position, "resource")
    account = _best(found, position, TO_ACCOUNT)
    needed = judge.gate is Gate.NEEDED
    if own is not None and (not needed or not same or account is not None):
        yield _name(own, caller, position, found)
    if named is not None:
        yield _name(named, caller, position, found)
    elif account is not None and not same:
        yield _name(account, caller, position, found)
    elif account is not None and judge.domain.action == ASSUME_ROLE:
        # Of a key's policy it is what nearly every key has; of a trust it is what lets a whole account in.
        yield _name(account, caller, position, found)


def _best(found: Sequence[Reason], position: int, where: str) -> Reason | None:
    those = [reason for reason in found if reason.where == where]
    return max(those, key=lambda reason: reason.grades.verdict(1 << position), default=None)


def _name(reason: Reason, caller: Caller, position: int, found: Sequence[Reason]) -> str:
    alike = sum(1 for each in found if each.where == reason.where) - 1
    more = f" (and {alike} more)" if alike else ""
    return f"{shown(reason.statement(position).name, caller.account)}{more}"


def _open(judge: Judge, caller: Caller, position: int, found: Sequence[Reason], verdict: Verdict) -> str:
    """What has to fit besides, for a verdict that is not sure."""
    if verdict in (Verdict.ALLOW, Verdict.UNKNOWN):
        return "" if verdict is Verdict.ALLOW else ", which the snapshot leaves open"
    keys = {
        key
        for reason in found
        if reason.grades.verdict(1 << position) is Verdict.CONDITIONAL
        for key in open_keys(judge, reason.clause, caller)
    }
    if keys:
        return f", if {', '.join(sorted(keys))} fits"
    for reason in denying(judge, caller):
        if reason.grades.unknown & (1 << position):
            return f", unless {shown(reason.statement(position).name, caller.account)} denies it"
    return ", which the snapshot leaves open"


def _decrypting(estate: Estate, caller: Caller, target: Secret, secret: int) -> str:
    judge, session = best_form((estate.decrypters,), caller, 1 << secret)
    return deciding(judge, session, secret, tuple(_grants_to(target, session)))


def _grants_to(secret: Secret, caller: Caller) -> Iterator[str]:
    """The grants of a secret's key that let a caller decrypt, named so that they can be revoked."""
    for grant in grants_of(secret):
        if grant.is_for(caller):
            yield f"the grant {f'{grant.name} ' if grant.name else ''}{grant.identity} of its key"
