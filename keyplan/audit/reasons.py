"""Why a verdict is what it is: the statements that decide, and what is open in them.

For one caller the secrets fall into a few groups that have the same reasons, so that a whole row of the
matrix is explained at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keyplan.audit.callers import Caller, Policy
from keyplan.audit.decisions import Judge, masks_for
from keyplan.audit.policies.clauses import Clause
from keyplan.audit.policies.documents import Statement
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.policies.values import Beginning, Missing, Open, Other

_OPEN = (Open, Other, Beginning)


@dataclass(frozen=True)
class Reason:
    """A statement and what it does for one caller: `where` is the kind of policy that it stands in."""

    where: str
    clause: Clause
    grades: Grades

    def statement(self, position: int) -> Statement:
        """The statement that is about a resource."""
        return self.clause.source(position)


def allowing(judge: Judge, caller: Caller) -> Iterator[Reason]:
    """Every statement that lets the caller in, or would under a condition."""
    yield from _of_policies(judge, caller, caller.policies, "identity", allow=True)
    for clause in judge.allowing:
        everybody, session, role, account = masks_for(clause, caller)
        openly = everywhere(session, Verdict.CONDITIONAL)
        holds = clause.holds(judge.domain, caller) if everybody | session | role | account else NOTHING
        named = holds.within(everybody | role).join(holds.meet(openly))
        for grades, where in ((named, "resource"), (holds.within(account), "resource, for the account")):
            if grades.unknown:
                yield Reason(where, clause, grades)


def denying(judge: Judge, caller: Caller) -> Iterator[Reason]:
    """Every statement that keeps the caller out, or would under a condition."""
    yield from _of_policies(judge, caller, caller.policies, "identity", allow=False)
    if caller.boundary is not None:
        yield from _of_policies(judge, caller, (caller.boundary,), "boundary", allow=False)
    for kind, _, policies, about in judge.controlling(caller):
        yield from _of_policies(judge, caller, policies, kind, allow=False, about=about)
    for clause in judge.denying:
        everybody, session, role, account = masks_for(clause, caller)
        mask = everybody | role | account
        if not mask | session:
            continue
        holds = clause.holds(judge.domain, caller)
        grades = holds.within(mask).join(holds.meet(everywhere(session, Verdict.CONDITIONAL)))
        if grades.unknown:
            yield Reason("resource", clause, grades)


def bounding(judge: Judge, caller: Caller) -> Iterator[Reason]:
    """Every statement of boundaries and SCPs that lets what others allow pass."""
    if caller.boundary is not None:
        yield from _of_policies(judge, caller, (caller.boundary,), "boundary", allow=True)
    for kind, level, policies, about in judge.controlling(caller):
        if kind == "scp":
            yield from _of_policies(judge, caller, policies, f"scp, {level}", allow=True, about=about)


def _of_policies(
    judge: Judge,
    caller: Caller,
    policies: tuple[Policy, ...],
    where: str,
    *,
    allow: bool,
    about: int | None = None,
) -> Iterator[Reason]:
    for policy in policies:
        for clause in judge.clauses(policy)[0 if allow else 1]:
            holds = clause.holds(judge.domain, caller)
            if about is not None:
                holds = holds.within(about)
            if holds.unknown:
                yield Reason(where, clause, holds)


def open_keys(judge: Judge, clause: Clause, caller: Caller) -> tuple[str, ...]:
    """The condition keys of a statement that a snapshot cannot know."""
    found = []
    for line in clause.lines:
        values = [value for value, _ in judge.domain.spread(line.key, caller)]
        if any(isinstance(value, _OPEN) or value is Missing.STRANGE for value in values):
            found.append(line.key)
    return tuple(dict.fromkeys(found))


def summary(judge: Judge, caller: Caller, mask: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """For the resources of a mask: groups that share their reasons, each with the reasons as words."""
    groups: list[tuple[int, tuple[str, ...]]] = [(mask, ())]
    for reason in allowing(judge, caller):
        groups = list(_split(judge, caller, groups, reason, "allows"))
    for reason in denying(judge, caller):
        groups = list(_split(judge, caller, groups, reason, "denies"))
    yield from groups


def _split(
    judge: Judge, caller: Caller, groups: list[tuple[int, tuple[str, ...]]], reason: Reason, verb: str
) -> Iterator[tuple[int, tuple[str, ...]]]:
    for mask, words in groups:
        rest = mask
        for verdict in (Verdict.ALLOW, Verdict.CONDITIONAL, Verdict.UNKNOWN):
            inside = rest & reason.grades.at(verdict)
            rest &= ~inside
            if inside:
                yield inside, (*words, _words(judge, caller, reason, verb, verdict))
        if rest:
            yield rest, words


def _words(judge: Judge, caller: Caller, reason: Reason, verb: str, verdict: Verdict) -> str:
    name = _name(reason)
    if verdict is Verdict.ALLOW:
        return f"{name} {verb}"
    if verdict is Verdict.UNKNOWN:
        return f"whether {name} {verb} is unknown"
    keys = open_keys(judge, reason.clause, caller)
    return f"{name} {verb} if {', '.join(keys) or 'its condition'} fits"


def _name(reason: Reason) -> str:
    """An identity policy by its name; a resource's own by what it is, because a group has several."""
    source = next(iter(reason.clause.sources.values()))
    if reason.where.startswith("resource"):
        place = source.index if source.sid is None else source.sid
        for_account = " (for the account)" if reason.where != "resource" else ""
        return f"its own policy[{place}]{for_account}"
    return source.name
