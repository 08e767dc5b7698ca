"""Which tags would serve: what a resource's tags would have to be, so that a principal is let in.

Asked of the statements that decide for one principal: the values that they name are tried, each for all
resources at once, besides another value and the tag's absence. What could not be tried out that way is at
most conditional. Who may set such tags is `tagging`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keyplan.audit.callers import Caller, Policy
from keyplan.audit.decisions import Judge, masks_for
from keyplan.audit.policies.clauses import Clause
from keyplan.audit.policies.grades import NOTHING, Grades
from keyplan.audit.policies.lines import Line
from keyplan.audit.policies.operators import Operator, Several
from keyplan.audit.policies.values import Known, Lookup, Missing, Open, Spread, Value, resolve, variable_keys
from keyplan.audit.policies.wildcards import has_wildcard, unescaped

FAMILIES = ("aws:resourcetag/", "secretsmanager:resourcetag/", "iam:resourcetag/")
CHOICES_MAX = 200  # combinations of tags that are tried for one principal
ANOTHER = "another value"
# Tags by name, with the value that each is given; None takes it away. Others stay as they are.
Choice = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Wish:
    """Tags that somebody would have to set, and the resources where more is allowed then.

    `choice` is None where the tags that serve were not found: it is then at most conditional.
    """

    choice: Choice | None
    grades: Grades


@dataclass
class Wanted:
    """The values of one tag that may serve."""

    values: dict[str | None, None] = field(default_factory=dict)
    lines: int = 0
    whole: bool = True  # whether every value that may make a difference is among them

    def others(self, requested: Iterable[str]) -> None:
        """The tag's absence, another value, and the values that tagging calls are limited to, serve too."""
        self.values.update(dict.fromkeys((None, ANOTHER, *requested)))


class Wishes:
    """The tags that serve for one kind of request; `judges` take tags as the asker chooses them."""

    def __init__(self, judges: Sequence[Judge], requested: Mapping[str, Sequence[str]]) -> None:
        """
        Args:
            requested: by tag, the values to which statements limit tagging calls.
        """
        self._judges, self._requested = judges, requested
        self._clauses: dict[tuple[int, int], tuple[Clause, ...]] = {}
        self._of_resources = {
            id(judge): [each for each in (*judge.allowing, *judge.denying) if _names_in(each)]
            for judge in judges
        }
        self._found: dict[int, tuple[Wish, ...]] = {}
        self._kept: list[Caller | Policy] = []  # their ids are keys above

    def of(self, caller: Caller) -> tuple[Wish, ...]:
        """What would serve a caller, the fewest tags first; nothing where tags do not decide."""
        found = self._found.get(id(caller))
        if found is None:
            self._kept.append(caller)
            found = self._found[id(caller)] = tuple(self._weigh(caller))
        return found

    def _weigh(self, caller: Caller) -> Iterator[Wish]:
        deciding = [(judge, clause) for judge in self._judges for clause in self._deciding(judge, caller)]
        names = sorted({name for _, clause in deciding for name in _names_in(clause)})
        if not names:
            return
        now = self._verdicts(caller, {})
        openly = self._verdicts(caller, {name: Open(False) for name in names})
        if not (openly.conditional & ~now.allow | openly.unknown & ~now.unknown):
            return
        wanted = {name: Wanted() for name in names}
        for judge, clause in deciding:
            self._ask(judge, clause, caller, wanted)
        covered, tried = now, 0
        for choice in choices({name: tuple(each.values) for name, each in wanted.items()}):
            tried += 1
            grades = self._verdicts(caller, dict(choice))
            if fresh := _better(grades, covered if len(choice) > 1 else now):
                covered = covered.join(grades)
                yield Wish(choice, grades.within(fresh))
        if tried >= CHOICES_MAX or not all(each.whole for each in wanted.values()):
            rest = Grades(0, openly.conditional & ~covered.conditional, openly.unknown & ~covered.unknown)
            if rest != NOTHING:
                yield Wish(None, rest)

    def _deciding(self, judge: Judge, caller: Caller) -> Iterator[Clause]:
        """The statements about a caller that ask for tags of the resource."""
        for policy in policies_about(judge, caller):
            key = (id(judge), id(policy))
            if key not in self._clauses:
                self._kept.append(policy)
                self._clauses[key] = tuple(
                    clause for each in judge.clauses(policy) for clause in each if _names_in(clause)
                )
            yield from self._clauses[key]
        yield from (each for each in self._of_resources[id(judge)] if any(masks_for(each, caller)))

    def _verdicts(self, caller: Caller, tags: Mapping[str, Value | str | None]) -> Grades:
        given = {f"{family}{name}": held(text) for name, text in tags.items() for family in FAMILIES}
        asker = replace(caller, chosen={**caller.chosen, **given}) if given else caller
        best = NOTHING
        for judge in self._judges:
            best = best.join(judge.verdicts(asker))
        return best

    def _ask(self, judge: Judge, clause: Clause, caller: Caller, wanted: Mapping[str, Wanted]) -> None:
        """Note what a statement asks its tags to be."""

        def lookup(key: str) -> Spread:
            return judge.domain.spread(key, caller)

        in_lines = set()
        for line in clause.lines:
            name = tag_name(line.key)
            in_lines.add(line.key)
            if name is not None:
                _note(wanted[name], line, clause.denies, list(_texts(line, lookup, judge.domain.everything)))
                if needs_others(line.operator, denies=clause.denies):
                    wanted[name].others(self._requested.get(name, ()))
            for text, _ in line.with_variables:
                for inner in filter(None, map(tag_name, variable_keys(text))):
                    value = caller.value(line.key)
                    known = value.values if isinstance(value, Known) else ()
                    wanted[inner].values.update(dict.fromkeys((*known, None, ANOTHER)))
                    wanted[inner].whole &= bool(known) and not has_text_beside(text)
                    in_lines.update(f"{family}{inner}" for family in FAMILIES)
        for key in clause.keys:
            if (name := tag_name(key)) is not None and key not in in_lines:
                wanted[name].whole = False  # in the name of a resource


def policies_about(judge: Judge, caller: Caller) -> Iterator[Policy]:
    """Every policy that is about a caller's requests, but those of resources."""
    yield from caller.policies
    if caller.boundary is not None:
        yield caller.boundary
    for _, _, level, _ in judge.controlling(caller):
        yield from level


def tag_name(key: str) -> str | None:
    """The tag of the resource that a condition key asks for."""
    family = next((each for each in FAMILIES if key.startswith(each)), None)
    return None if family is None else key.removeprefix(family)


def choices(values: Mapping[str, Sequence[str | None]]) -> Iterator[Choice]:
    """Every combination of tags, the fewest first, as far as CHOICES_MAX of them."""
    combined = (
        tuple(zip(names, picked, strict=True))
        for size in range(1, len(values) + 1)
        for names in itertools.combinations(values, size)
        for picked in itertools.product(*(values[name] for name in names))
    )
    return itertools.islice(combined, CHOICES_MAX)


def held(text: Value | str | None) -> Value:
    """What a condition key about a tag holds: a text, nothing where it is taken away, or what is open."""
    if text is None:
        return Missing.ABSENT
    return Known((text,)) if isinstance(text, str) else text


def instance(pattern: str) -> str:
    """A text that a policy's value matches."""
    return unescaped(pattern.replace("*", "any").replace("?", "x"))


def has_text_beside(text: str) -> bool:
    """Whether a policy's value is more than one variable alone."""
    return not (text.startswith("${") and text.find("}") == len(text) - 1)


def needs_others(operator: Operator | None, *, denies: bool) -> bool:
    """Whether what a statement asks may be served by a tag's absence, or by a value that it does not name."""
    if operator is None:
        return False
    passes_absent = operator.is_null or operator.if_exists or operator.several is Several.ALL
    return denies or operator.negated or passes_absent


def _note(wanted: Wanted, line: Line, denies: bool, texts: Sequence[str]) -> None:
    operator = line.operator
    if operator is None or operator.is_null:
        return
    wanted.lines += 1
    if not denies or operator.negated:
        wanted.values.update(dict.fromkeys(map(instance, texts)))
    plain = operator.compares_text and not any(has_wildcard(text) for text, _ in line.others)
    several = wanted.lines > 1 and not plain
    wanted.whole &= not several and not (line.with_variables and not texts)


def _texts(line: Line, lookup: Lookup, everything: int) -> Iterator[str]:
    """The values that a line compares with, its variables replaced."""
    yield from line.exact
    yield from (text for text, _ in line.others)
    for pattern, _ in line.with_variables:
        for text, _mask in resolve(pattern, lookup, everything):
            if isinstance(text, str):
                yield text


def _names_in(clause: Clause) -> list[str]:
    return [name for name in map(tag_name, clause.keys) if name is not None]


def _better(grades: Grades, now: Grades) -> int:
    surely, openly = grades.allow & ~now.allow, grades.conditional & ~now.conditional
    return surely | openly | (grades.unknown & ~now.unknown)
