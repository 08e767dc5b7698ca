"""Why a verdict is what it is: the statements that decide, and what is open in them.

For one caller the secrets fall into a few groups that have the same reasons, so that a whole row of the
matrix is explained at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from keyplan.audit.callers import Caller, Policy
from keyplan.audit.decisions import Judge, masks_for
from keyplan.audit.policies.clauses import Clause
from keyplan.audit.policies.documents import Statement
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.policies.values import Beginning, Missing, Open, Other
from keyplan.audit.wording import conditions

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


def forms(judges: Sequence[Judge], caller: Caller, mask: int) -> Iterator[tuple[Judge, Caller, int]]:
    """The form of the request, and the session, that are let in best; and for which resources of a mask."""
    if len(judges) == len(caller.sessions) == 1:
        yield judges[0], caller, mask
        return
    for verdict in (Verdict.ALLOW, Verdict.CONDITIONAL, Verdict.UNKNOWN):
        for judge in judges:
            for session in caller.sessions:
                found = mask & judge.parts(session).verdicts.at(verdict) if mask else 0
                if found:
                    mask &= ~found
                    yield judge, session, found
    if mask:
        yield judges[0], caller, mask


def best_form(judges: Sequence[Judge], caller: Caller, bit: int) -> tuple[Judge, Caller]:
    """The same for one resource."""
    judge, session, _ = next(forms(judges, caller, bit))
    return judge, session


def summary(judges: Sequence[Judge], caller: Caller, mask: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """For the resources of a mask: groups that share their reasons, each with the reasons as words."""
    for judge, session, part in forms(judges, caller, mask):
        groups: Groups = [(part, ())]
        for reason in allowing(judge, session):
            groups = list(_split(judge, session, groups, reason, "allows"))
        groups = list(_with_grants(judge, session, groups))
        for reason in denying(judge, session):
            groups = list(_split(judge, session, groups, reason, "denies"))
        yield from _with_layers(judge, session, groups)


Groups = Iterable[tuple[int, tuple[str, ...]]]


def _with_grants(judge: Judge, caller: Caller, groups: Groups) -> Iterator[tuple[int, tuple[str, ...]]]:
    direct, to_account = judge.granted(caller)
    if not (direct.unknown | to_account.unknown):
        yield from groups
        return
    perhaps = direct.unknown & ~direct.allow | to_account.unknown & ~direct.allow
    for mask, words in groups:
        for part, said in (
            (mask & direct.allow, ("a KMS grant allows",)),
            (mask & perhaps, ("a KMS grant may allow",)),
            (mask & ~direct.allow & ~perhaps, ()),
        ):
            if part:
                yield part, (*words, *said)


def _with_layers(judge: Judge, caller: Caller, groups: Groups) -> Iterator[tuple[int, tuple[str, ...]]]:
    """With the layers that leave it open, of those that have to allow what other policies give."""
    names = (
        "its permissions boundary",
        "the SCPs of its account",
        "the RCPs of the resource's account",
    )
    for grades, name in zip(judge.layers(caller), names, strict=True):
        if grades.allow != judge.domain.everything:
            groups = list(_with_layer(groups, grades, name))
    yield from groups


def _with_layer(groups: Groups, grades: Grades, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    allow = "allow" if name.startswith("the") else "allows"
    for mask, words in groups:
        openly, unsure = grades.conditional & ~grades.allow, grades.unknown & ~grades.conditional
        for part, said in (
            (mask & ~openly & ~unsure, ()),
            (mask & openly, (f"{name} {allow} it under a condition",)),
            (mask & unsure, (f"whether {name} {allow} it is unknown",)),
        ):
            if part:
                yield part, (*words, *said)


def _split(
    judge: Judge, caller: Caller, groups: Groups, reason: Reason, verb: str
) -> Iterator[tuple[int, tuple[str, ...]]]:
    for mask, words in groups:
        rest = mask
        for verdict in (Verdict.ALLOW, Verdict.CONDITIONAL, Verdict.UNKNOWN):
            inside = rest & reason.grades.at(verdict)
            rest &= ~inside
            if inside:
                yield inside, (*words, _words(judge, caller, reason, verb, verdict, inside))
        if rest:
            yield rest, words


def _words(judge: Judge, caller: Caller, reason: Reason, verb: str, verdict: Verdict, inside: int) -> str:
    name = _name(reason)
    if verdict is Verdict.ALLOW:
        return f"{name} {verb}"
    if verdict is Verdict.UNKNOWN:
        return f"whether {name} {verb} is unknown"
    keys = open_keys(judge, reason.clause, caller)
    return f"{name} {verb} if {_conditions(reason, keys, inside)}"


def _conditions(reason: Reason, keys: tuple[str, ...], inside: int) -> str:
    """The open conditions; only their keys where the statements of several resources may differ."""
    sources = reason.clause.sources
    if -1 in sources or inside & (inside - 1) == 0:
        found = conditions(reason.statement(inside.bit_length() - 1), keys)
        if found:
            return found
    return f"{', '.join(keys)} fits" if keys else "who asks is the session that it names"


def _name(reason: Reason) -> str:
    """An identity policy by its name; a resource's own by what it is, because a group has several."""
    source = next(iter(reason.clause.sources.values()))
    if reason.where.startswith("resource"):
        place = source.index if source.sid is None else source.sid
        for_account = " (for the account)" if reason.where != "resource" else ""
        return f"its own policy[{place}]{for_account}"
    return source.name
