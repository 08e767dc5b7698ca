"""All that somebody could do by changing one thing after the other.

Whoever can be become or taken is followed, with what each may change, and with policies changed wherever one
of them may change those of another. Each verdict is followed alone: of one chain all calls are of at least
that verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from keyplan.audit.callers import Caller
from keyplan.audit.chains import Graph
from keyplan.audit.changers.access import Access, Changed, Others
from keyplan.audit.changers.actions import CALLS
from keyplan.audit.changers.asking import Asking
from keyplan.audit.changers.edits import Edits
from keyplan.audit.changers.hands import Hands
from keyplan.audit.changers.inventory import Inventory
from keyplan.audit.changers.levers import Levers, Room
from keyplan.audit.changers.own_tags import OwnTags
from keyplan.audit.changers.services import CALLS as SERVICE_CALLS
from keyplan.audit.changers.services import Services
from keyplan.audit.estate import Estate
from keyplan.audit.policies.clauses import applies_to
from keyplan.audit.policies.documents import Effect
from keyplan.audit.policies.grades import Verdict, positions
from keyplan.audit.reasons import allowing


@dataclass
class Held:
    """Who is held at one time: principals by number, each as it is and as it was changed."""

    verdict: Verdict
    those: dict[int, list[Caller]] = field(default_factory=dict)
    changed: Changed = field(default_factory=Changed)
    hands: Hands = field(default_factory=Hands)
    found: int = 0

    def everybody(self) -> Iterable[Caller]:
        for each in self.those.values():
            yield from each


class Control:
    """Follows what somebody could do."""

    def __init__(self, estate: Estate, graph: Graph) -> None:
        self.estate, self.graph = estate, graph
        self.callers: Sequence[Caller] = estate.callers
        self._number: Mapping[str, int] = {each.arn: n for n, each in enumerate(estate.callers)}
        self._base = {id(caller): number for number, caller in enumerate(estate.callers)}
        inventory = Inventory(estate)
        self.asking = Asking(estate, inventory, (*CALLS, *SERVICE_CALLS))
        self.access = Access(self.asking)
        self._others = Others(self.access, estate.callers)
        self._services = Services(self.asking)
        self._own_tags = OwnTags(self.asking, self.access)
        self.edits = Edits(self.asking, inventory, self._own_tags)
        self._retrusted: dict[int, Caller] = {}
        self._room = Room.of(self.asking, self.access, self._services)
        self.becomes = [self._services.numbered(grades) for grades in graph.becomes]
        self.active = sum(1 << n for n, caller in enumerate(estate.callers) if self._may_change(caller))
        self.leading = self._leading()
        self._gives: dict[tuple[int, ...], int] = {}
        self._others_found: dict[tuple[object, ...], int] = {}
        self._complete = dict.fromkeys(Verdict, 0)  # principals that are known to get to everything

    def levers(self, caller: Caller) -> Levers:
        """What a principal may change itself."""
        return self._room.levers(caller)

    def hands(self, caller: Caller, verdict: Verdict) -> Hands:
        """Whose policies a principal may change itself."""
        return self.edits.hands(caller, verdict)

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
        """Whom a principal may become by sts:AssumeRole alone, with a shortest way there; itself first."""
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

    def reads(self, those: Iterable[int], verdict: Verdict) -> int:
        """The secrets that some of those principals read as they are."""
        found = 0
        for number in those:
            found |= self.graph.reads[number].at(verdict)
        return found

    def gives(self, start: Caller, verdict: Verdict) -> int:
        """The secrets that whoever holds this principal could read, or let somebody read."""
        return self.gives_together((start,), verdict)

    def gives_retrusted(self, number: int, verdict: Verdict) -> int:
        """The same of a role whose trust was changed, so that its sessions may bring tags."""
        found = self.gives(self.callers[number], verdict)
        role = self._with_session_tags(number, verdict)
        return found if role is None else found | self.gives(role, verdict)

    def gives_together(self, start: Sequence[Caller], verdict: Verdict) -> int:
        """The same of several who are held together."""
        key = (verdict, *map(id, start))
        found = self._gives.get(key)
        if found is None:
            found = self._gives[key] = self._follow(start, verdict)
            number = self._base.get(id(start[0])) if len(start) == 1 else None
            if number is not None and not self._possible(verdict) & ~found:
                self._complete[verdict] |= 1 << number
        return found

    def after(self, held: Iterable[Caller], changed: Changed, verdict: Verdict) -> int:
        """The changed secrets that those who are held read after the changes, or that somebody else does."""
        wanted = changed.policies | changed.keys
        own = 0
        for caller in held:
            if not wanted & ~own:
                return own
            own |= self.access.after(changed, caller, verdict) & wanted
        return own | self._others.gaining(changed.within(~own), verdict)

    def gained(self, held: Iterable[Caller], changed: Changed, verdict: Verdict) -> int:
        """The same without what each of them reads as it is."""
        own = 0
        for caller in held:
            own |= self.access.after(changed, caller, verdict) & ~self.access.reads(caller).at(verdict)
        return own | self._others.gaining(changed.within(~own), verdict)

    def _with_session_tags(self, number: int, verdict: Verdict) -> Caller | None:
        """A role whose sessions bring tags, where tags decide for it and its trust forbids them now.

        Source: IAM User Guide, "Pass session tags in AWS STS" (the trust has to allow sts:TagSession). Which
        tags they are is open, and so conditional.
        """
        caller = self.callers[number]
        decides = self._own_tags.mask >> number & 1 and not caller.takes_session_tags
        if not decides or caller.kind != "role" or verdict is Verdict.ALLOW:
            return None
        if number not in self._retrusted:
            self._retrusted[number] = replace(caller, takes_session_tags=True)
        return self._retrusted[number]

    def _possible(self, verdict: Verdict) -> int:
        return self.estate.usable.at(verdict)

    def _follow(self, start: Sequence[Caller], verdict: Verdict) -> int:
        numbers = [self._number[caller.arn] for caller in start]
        if len(start) == 1 and start[0] is self.callers[numbers[0]] and not self.leading >> numbers[0] & 1:
            return self.reads(self.assumed(numbers[0], verdict), verdict)
        held = Held(verdict)
        for number, caller in zip(numbers, start, strict=True):
            held.those.setdefault(number, []).append(caller)
        pending = list(start)
        while pending:
            self._join(held, pending)
            if not self._possible(verdict) & ~held.found:
                break
            # Policies first: who may change its own has mostly everything then.
            made = self._edited(held, held.hands.of_policies()) or self._edited(held, held.hands)
            pending = made or self._taken_by(held)
        if self._possible(verdict) & ~held.found:
            held.found |= self._of_others(held)
        return held.found

    def _join(self, held: Held, pending: Iterable[Caller]) -> None:
        """What those who came bring: what they read and what they may change."""
        for caller in pending:
            number = self._base.get(id(caller))
            if number is None:
                held.found |= self.access.reads(caller).at(held.verdict)
            else:
                held.found |= self.graph.reads[number].at(held.verdict)
            if number is None or self.active >> number & 1:
                held.changed = held.changed.join(self.levers(caller).changes(held.verdict))
                held.hands = held.hands.join(self.hands(caller, held.verdict))
            if held.verdict is Verdict.UNKNOWN and self.asking.unread(caller):
                held.found |= self._possible(held.verdict) if self.asking.may_change_trusts(caller) else 0
        left = held.changed.within(~held.found)
        held.found |= self.after(held.everybody(), left, held.verdict)

    def _taken_by(self, held: Held) -> list[Caller]:
        """Whom those who are held may become or take besides."""
        fresh = trusts = 0
        for caller in held.everybody():
            number = self._base.get(id(caller))
            if number is None or self.active >> number & 1:
                fresh |= self.levers(caller).all_taken.at(held.verdict)
                trusts |= self.levers(caller).trusts.at(held.verdict)
            if number is not None:
                fresh |= self.becomes[number].at(held.verdict)
        if fresh & self._complete[held.verdict]:
            held.found |= self._possible(held.verdict)
            return []
        found = []
        for number in positions(fresh):
            if number not in held.those:
                role = self._with_session_tags(number, held.verdict) if trusts >> number & 1 else None
                held.those[number] = [self.callers[number], *([] if role is None else [role])]
                found.extend(held.those[number])
        return found

    def _of_others(self, held: Held) -> int:
        """What somebody else reads whose policies those who are held may change, and does not read now."""
        key = (held.hands.key(), held.changed, held.verdict)
        if key not in self._others_found:
            found = 0
            for number in positions(self.edits.touched(held.hands)) if held.hands else ():
                fresh = self._possible(held.verdict) & ~self.graph.reads[number].at(held.verdict) & ~found
                if not fresh:
                    continue
                worth = partial(self._gets, held.changed, min(held.verdict, Verdict.CONDITIONAL), fresh)
                for made in self.edits.after(held.hands, self.callers[number], worth):
                    found |= self._gets(held.changed, held.verdict, fresh, made)
            self._others_found[key] = found
        return self._others_found[key]

    def _gets(self, changed: Changed, verdict: Verdict, fresh: int, caller: Caller) -> int:
        return self.access.after(changed, caller, verdict) & fresh

    def _edited(self, held: Held, hands: Hands) -> list[Caller]:
        """Of those who are held, what each may be made into besides."""
        touched = self.edits.touched(hands) if hands else 0
        found = []
        for number, variants in held.those.items():
            if not touched >> number & 1:
                continue
            known = set(map(id, variants))
            for made in self.edits.after(hands, self.callers[number]):
                if id(made) not in known:
                    known.add(id(made))
                    variants.append(made)
                    found.append(made)
        return found

    def _may_change(self, caller: Caller) -> bool:
        levers = self.levers(caller)
        changed = levers.changes(Verdict.UNKNOWN)
        if changed.policies or changed.keys:
            return True
        if self.asking.unread(caller):
            return True
        if not self.asking.possible(caller):
            return False
        return bool(levers.takes or self.hands(caller, Verdict.UNKNOWN))

    def _leading(self) -> int:
        """The principals who may change something, or become somebody who may."""
        found, before = self.active, -1
        while found != before:
            before = found
            for number, grades in enumerate(self.becomes):
                if grades.unknown & found:
                    found |= 1 << number
        return found
