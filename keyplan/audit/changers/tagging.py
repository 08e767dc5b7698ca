"""Who may set tags of secrets, of keys and of principals, and to what.

A call that sets tags leaves the others as they are. Conditions of the call itself are weighed: what it asks
of the tags in the request, and of the tags that are there. Whoever changes one tag to be allowed to change
another is followed that one step, at most conditionally.
Source: Secrets Manager API Reference, TagResource, UntagResource; KMS API Reference, the same; IAM API
Reference, TagUser, TagRole, UntagUser, UntagRole; IAM User Guide, "Controlling access to AWS resources using
tags" (aws:RequestTag, aws:TagKeys).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keyplan.audit.callers import Caller
from keyplan.audit.changers.wishes import FAMILIES, Choice, Wish, held, policies_about, tag_name
from keyplan.audit.decisions import Judge, masks_for
from keyplan.audit.policies.clauses import Clause
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.policies.values import Known, Open, Value
from keyplan.audit.tags import tag_value

REQUEST, TAG_KEYS = "aws:requesttag/", "aws:tagkeys"
BY_GRADE = (Verdict.ALLOW, Verdict.CONDITIONAL, Verdict.UNKNOWN)


@dataclass(frozen=True)
class Power:
    """Resources whose tags somebody may set or take away with at least a verdict.

    `who` is there where it depends on which tags; the sets are then what is possible for some.
    """

    verdict: Verdict
    tags: int
    untags: int
    who: Caller | None = None

    @property
    def mask(self) -> int:
        """All of which something may be changed."""
        return self.tags | self.untags

    def within(self, mask: int) -> Power:
        """The same of some resources alone."""
        return replace(self, tags=self.tags & mask, untags=self.untags & mask)


Powers = tuple[Power, ...]


def within(powers: Powers, mask: int) -> Powers:
    """What is left of some powers among a few resources."""
    return tuple(each for each in (power.within(mask) for power in powers) if each.mask)


def either(one: Powers, other: Powers) -> Powers:
    """What those who have one or the other may set together."""
    if not one or not other:
        return one or other
    every = dict.fromkeys((*one, *other))
    free = [each for each in every if each.who is None]
    if len(free) > 1:
        tags = untags = 0
        for each in free:
            tags, untags = tags | each.tags, untags | each.untags
        free = [Power(free[0].verdict, tags, untags)]
    return (*free, *(each for each in every if each.who is not None))


def mask_of(powers: Powers) -> int:
    """All resources of which some power may change something."""
    found = 0
    for each in powers:
        found |= each.mask
    return found


@dataclass(frozen=True)
class Calls:
    """The two calls for one kind of resources, which are a set of those that the judges know."""

    tag: str
    untag: str
    those: int


class Tagging:
    """Who may change the tags of one list of resources."""

    def __init__(
        self,
        calls: Sequence[Calls],
        asked: Callable[[str, Caller], Judge | None],
        tags: Sequence[Mapping[str, str]],
    ) -> None:
        """
        Args:
            asked: the judge of a call, if a caller could be allowed it at all.
            tags: the resources' own, by position.
        """
        self._calls, self._asked, self._tags = calls, asked, tags
        self._everything = (1 << len(tags)) - 1
        self._powers: dict[tuple[int, Verdict], Powers] = {}
        self._kept: list[Caller] = []  # their ids are keys above and below
        self._about: dict[int, tuple[Clause, ...]] = {}
        self._some: dict[int, int] = {}
        self._requests: dict[tuple[int, Verdict, Choice], int] = {}
        self._there: dict[tuple[str, str | None], int] = {}
        self._brought: dict[tuple[Powers, Choice], int] = {}

    def powers(self, caller: Caller, verdict: Verdict) -> Powers:
        """What a caller may do to tags itself; empty, or one."""
        key = (id(caller), verdict)
        if key not in self._powers:
            self._kept.append(caller)
            self._powers[key] = self._power(caller, verdict)
        return self._powers[key]

    def brings(self, powers: Powers, choice: Choice | None) -> int:
        """The resources that somebody may give those tags, the ones that they have included.

        Where the tags are not known, whoever may set some is taken to be able to, at most conditionally.
        """
        if choice is None:
            return mask_of(tuple(each for each in powers if each.verdict <= Verdict.CONDITIONAL))
        key = (powers, choice)
        if key not in self._brought:
            found = self._everything
            for pair in choice:
                one = self._already(*pair)
                for power in powers:
                    one |= self._request(power, (pair,))
                found &= one
            for power in powers if len(choice) > 1 else ():
                found |= self._request(power, choice)
            self._brought[key] = found & mask_of(powers)
        return self._brought[key]

    def first(self, caller: Caller, wishes: Callable[[], Iterable[Wish]]) -> Grades:
        """What is allowed to a caller once it has changed tags itself."""
        found = NOTHING
        powers = [self.powers(caller, verdict) for verdict in BY_GRADE]
        for wish in wishes() if any(powers) else ():
            masks = (
                wish.grades.at(verdict) & self.brings(its, wish.choice)
                for verdict, its in zip(BY_GRADE, powers, strict=True)
            )
            found = found.join(Grades(*masks))
        return found

    def _power(self, caller: Caller, verdict: Verdict) -> Powers:
        in_request = self._in_request(caller)
        # What depends on the request is at most conditional here, and weighed again when the tags are known.
        least = min(verdict, Verdict.CONDITIONAL) if in_request else verdict
        tags, untags = (self._weigh(caller, number, in_request).at(least) for number in (0, 1))
        power = Power(verdict, tags, untags, caller if in_request else None)
        return (power,) if power.mask else ()

    def _in_request(self, caller: Caller) -> dict[str, Value]:
        """What the calls are asked about the tags in the request, all of it open."""
        names = {key for clause in self._clauses(caller) for key in clause.keys}
        return {key: Open(key == TAG_KEYS) for key in names if key.startswith((REQUEST, TAG_KEYS))}

    def _request(self, power: Power, choice: Choice) -> int:
        """The resources that one power may give all those tags."""
        sets = any(value is not None for _, value in choice)
        removes = any(value is None for _, value in choice)
        mask = (power.tags if sets else -1) & (power.untags if removes else -1)
        if power.who is None or not mask:
            return mask
        key = (id(power.who), power.verdict, choice)
        if key not in self._requests:
            self._requests[key] = self._with_tags(power.who, choice).at(power.verdict)
        return mask & self._requests[key]

    def _with_tags(self, caller: Caller, choice: Choice) -> Grades:
        grades = everywhere(self._everything)
        sets = {name: value for name, value in choice if value is not None}
        removed = [name for name, value in choice if value is None]
        if sets:
            found = NOTHING
            for further in self._further(caller, sets):
                keys = self._spelled(caller, (*sets, *further))
                values: dict[str, Value] = {f"{REQUEST}{name}": Open(True) for name in further}
                values.update({f"{REQUEST}{name}": Known((value,)) for name, value in sets.items()})
                found = found.join(self._weigh(caller, 0, {**values, TAG_KEYS: Known(keys)}))
            grades = grades.meet(found)
        if removed:
            keys = self._spelled(caller, removed)
            grades = grades.meet(self._weigh(caller, 1, {TAG_KEYS: Known(keys)}))
        return grades

    def _further(self, caller: Caller, sets: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
        """Tags that have to be in the request too: none, or what one statement asks for besides."""
        asked = (
            tuple(sorted(key.removeprefix(REQUEST) for key in clause.keys if key.startswith(REQUEST)))
            for clause in self._clauses(caller)
        )
        more = (tuple(name for name in names if name not in sets) for names in asked)
        return dict.fromkeys(((), *more))

    def _spelled(self, caller: Caller, names: Iterable[str]) -> tuple[str, ...]:
        """Tags as statements spell them: condition keys have no case, and the values of aws:TagKeys have."""
        spelled = {
            text.lower(): text
            for clause in self._clauses(caller)
            for line in clause.lines
            if line.key == TAG_KEYS
            for text in line.exact
        }
        return tuple(spelled.get(name, name) for name in names)

    def _weigh(self, caller: Caller, number: int, request: Mapping[str, Value]) -> Grades:
        """One of the two calls; a tag of the resource that it asks for may have been set just before."""
        found = NOTHING
        for calls in self._calls:
            judge = self._asked((calls.tag, calls.untag)[number], caller)
            if judge is None:
                continue
            grades = _under(judge, caller, request)
            names = {tag_name(key) for clause in self._clauses(caller) for key in clause.keys} - {None}
            some = self._some_tags(caller) if names else 0
            if some:
                opened: dict[str, Value] = {
                    f"{family}{name}": Open(False) for name in names for family in FAMILIES
                }
                later = _under(judge, caller, {**request, **opened}).within(some)
                grades = grades.join(later.meet(everywhere(later.unknown, Verdict.CONDITIONAL)))
            found = found.join(grades.within(calls.those))
        return found

    def _some_tags(self, caller: Caller) -> int:
        """The resources some tag of which may be changed as the tags are now."""
        if id(caller) not in self._some:
            request, found = self._in_request(caller), 0
            for calls in self._calls:
                for action in (calls.tag, calls.untag):
                    judge = self._asked(action, caller)
                    found |= 0 if judge is None else _under(judge, caller, request).unknown & calls.those
            self._kept.append(caller)
            self._some[id(caller)] = found
        return self._some[id(caller)]

    def _clauses(self, caller: Caller) -> tuple[Clause, ...]:
        """The statements about a caller's calls that ask for tags."""
        found = self._about.get(id(caller))
        if found is None:
            self._kept.append(caller)
            found = tuple(each for each in self._deciding(caller) if any(map(_asks_for_tags, each.keys)))
            self._about[id(caller)] = found
        return found

    def _deciding(self, caller: Caller) -> Iterator[Clause]:
        for calls in self._calls:
            for action in (calls.tag, calls.untag):
                judge = self._asked(action, caller)
                if judge is None:
                    continue
                for policy in policies_about(judge, caller):
                    for clauses in judge.clauses(policy):
                        yield from clauses
                for clause in (*judge.allowing, *judge.denying):
                    if any(masks_for(clause, caller)):
                        yield clause

    def _already(self, name: str, value: str | None) -> int:
        """The resources whose tag is so already."""
        key = (name, value)
        if key not in self._there:
            wanted = held(value)
            self._there[key] = sum(
                1 << number for number, tags in enumerate(self._tags) if tag_value(tags, name) == wanted
            )
        return self._there[key]


def _asks_for_tags(key: str) -> bool:
    return key == TAG_KEYS or key.startswith((REQUEST, *FAMILIES))


def _under(judge: Judge, caller: Caller, request: Mapping[str, Value]) -> Grades:
    """The verdicts about a call with more in its request than the judge knows."""
    return judge.verdicts(replace(caller, chosen={**caller.chosen, **request}) if request else caller)
