"""All that somebody could do by changing one thing after the other.

Whoever can be become or taken is followed, with what each may change, and with policies changed wherever one
of them may change those of another. Each verdict is followed alone: of one chain all calls are of at least
that verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from keyplan.audit.callers import Caller
from keyplan.audit.chains import Graph
from keyplan.audit.changers.access import Access, Changed, Others
from keyplan.audit.changers.actions import CALLS
from keyplan.audit.changers.asking import Asking
from keyplan.audit.changers.edits import Edits, Hands
from keyplan.audit.changers.inventory import Inventory
from keyplan.audit.changers.levers import Levers, Room
from keyplan.audit.changers.services import CALLS as SERVICE_CALLS
from keyplan.audit.changers.services import Services
from keyplan.audit.estate import Estate
from keyplan.audit.policies.clauses import applies_to
from keyplan.audit.policies.documents import Effect
from keyplan.audit.policies.grades import Grades, Verdict, positions
from keyplan.audit.reasons import allowing


@dataclass
class Held:
    """Who is held at one time: principals by number, each as it is and as it was changed."""

    those: dict[int, list[Caller]] = field(default_factory=dict)
    seen: int = 0
    changed: Changed = field(default_factory=Changed)
    hands: Hands = field(default_factory=Hands)

    def everybody(self) -> Iterable[Caller]:
        for each in self.those.values():
            yield from each


class Control:
    """Follows what somebody could do."""

    def __init__(self, estate: Estate, graph: Graph) -> None:
        self.estate, self.graph = estate, graph
        self.callers: Sequence[Caller] = estate.callers
        self.number: Mapping[str, int] = {each.arn: n for n, each in enumerate(estate.callers)}
        self.inventory = Inventory(estate)
        self.asking = Asking(estate, self.inventory, (*CALLS, *SERVICE_CALLS))
        self.access = Access(estate)
        self.others = Others(self.access, estate.callers)
        self.services = Services(self.asking)
        self.edits = Edits(self.asking, self.inventory)
        kinds = {
            kind: sum(1 << n for n, each in enumerate(estate.callers) if each.kind == kind)
            for kind in ("user", "role")
        }
        self._room = Room(self.asking, self.access, self.services, kinds["user"], kinds["role"])
        self.becomes = [self.services.numbered(grades) for grades in graph.becomes]
        self._gives: dict[tuple[object, ...], int] = {}
        self._base = {id(caller): number for number, caller in enumerate(estate.callers)}

    def levers(self, caller: Caller) -> Levers:
        """What a principal may change itself."""
        return self._room.levers(caller)

    def by(self, caller: Caller, calls: Iterable[str], mask: int = -1) -> tuple[str, str]:
        """The call that a caller may make, of some, and the statement that lets it; the first that is found.

        Args:
            mask: of calls about secrets, those that the statement should be about.
        """
        for call in calls:
            judge = self.asking.judge(call)
            if judge is None or not judge.verdicts(caller).unknown & mask:
                continue
            for reason in allowing(judge, caller):
                if reason.grades.unknown & mask:
                    return call, next(iter(reason.clause.sources.values())).name
        for call in calls:
            for policy in caller.policies:
                for statement in policy:
                    if statement.effect is Effect.ALLOW and applies_to(statement, call):
                        return call, statement.name
        return "", ""

    def assumed(self, principal: int, verdict: Verdict) -> dict[int, tuple[int, ...]]:
        """Whom a principal may become by sts:AssumeRole alone, each with a shortest way there; itself first."""
        found: dict[int, tuple[int, ...]] = {principal: (principal,)}
        seen, layer = 1 << principal, [principal]
        while layer:
            following = []
            for number in layer:
                fresh = self.becomes[number].at(verdict) & ~seen
                seen |= fresh
                for role in positions(fresh):
                    found[role] = (*found[number], role)
                    following.append(role)
            layer = following
        return found

    def gives(self, start: Sequence[Caller], verdict: Verdict, enough: int) -> int:
        """The secrets that whoever holds these principals could read, or let somebody read.

        Args:
            enough: to stop at, when all of these are found.
        """
        key = (verdict, *sorted(id(caller) for caller in start))
        if key not in self._gives:
            self._gives[key] = self._follow(start, verdict, enough)
        return self._gives[key]

    def _follow(self, start: Sequence[Caller], verdict: Verdict, enough: int) -> int:
        held = Held()
        pending = list(start)
        for caller in start:
            held.those.setdefault(self.number[caller.arn], []).append(caller)
        while pending:
            for caller in pending:
                held.changed = _join(held.changed, self.levers(caller).changes(verdict))
            found = self.after(held.everybody(), held.changed, verdict)
            if not enough & ~found:
                break
            fresh = 0
            for caller in pending:
                held.hands = held.hands.join(self.edits.hands(caller, verdict))
                fresh |= self._taken(caller).at(verdict)
            pending = []
            for number in positions(fresh):
                if number not in held.those:
                    held.those[number] = [self.callers[number]]
                    pending.append(self.callers[number])
            pending.extend(self._edited(held))
        return found

    def _edited(self, held: Held) -> list[Caller]:
        """Of those who are held, what each may be made into besides."""
        touched = self.edits.touched(held.hands) if held.hands else 0
        found = []
        for number, variants in held.those.items():
            if not touched >> number & 1:
                continue
            for made in self.edits.after(held.hands, self.callers[number]):
                if not any(made is each for each in variants):
                    variants.append(made)
                    found.append(made)
        return found

    def _taken(self, caller: Caller) -> Grades:
        number = self._base.get(id(caller))
        levers = self.levers(caller)
        grades = levers.becomes if number is None else self.becomes[number]
        for each in levers.takes:
            grades = grades.join(each.those)
        return grades

    def after(self, held: Iterable[Caller], changed: Changed, verdict: Verdict) -> int:
        """The secrets that those who are held read after changes, or that the changes let others read."""
        own = 0
        for caller in held:
            own |= self.access.after(changed, caller, verdict)
        left = Changed(*(mask & ~own for mask in _masks(changed)))
        return own | self.others.gaining(left, verdict)


def _masks(changed: Changed) -> tuple[int, ...]:
    return (changed.put, changed.deleted, changed.key_policy, changed.grant, changed.other_key)


def _join(one: Changed, other: Changed) -> Changed:
    return Changed(*(mask | further for mask, further in zip(_masks(one), _masks(other), strict=True)))
