"""Statements made ready for one domain, so that all its resources are weighed at once.

A clause stands for one statement of an identity policy, or for all statements of one shape among the policies
of many resources (a thousand secrets whose policies differ in their readers' names alone are one clause): the
values that differ are found in a dictionary, and the cost grows with shapes instead of with resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from keyplan.audit.documents import Effect, Statement
from keyplan.audit.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.operators import (
    NotComparableError,
    Operator,
    Several,
    begins,
    is_exact,
    read_operator,
    test_of,
)
from keyplan.audit.values import (
    Beginning,
    Lookup,
    Missing,
    Open,
    Spread,
    Value,
    has_variable,
    resolve,
    variable_keys,
)
from keyplan.audit.wildcards import LITERAL, Index, Match, literal_beginning, matches, without_wildcards

SESSION = "session"  # beside the kinds of principals: what the ARNs of a role's sessions begin with


class Asker(Protocol):
    """Who asks, as clauses need it. Source of the forms: IAM User Guide, "Principal" (checked 2026-11-21)."""

    @property
    def own_names(self) -> tuple[str, ...]:
        """What names it and nobody else: its ARN and its unique id."""

    @property
    def account_names(self) -> tuple[str, ...]:
        """What names its whole account."""

    @property
    def session_prefix(self) -> str | None:
        """What the ARN of a role's session begins with; None for a user."""

    def value(self, key: str) -> Value | None:
        """What its requests have for a key; None where the key is not about it."""


class Ground(Protocol):
    """The resources of one question, as clauses need them."""

    action: str
    everything: int
    index: Index

    def spread(self, key: str, asker: Asker) -> Spread:
        """What a request has for a key, by resource."""

    def indexed(self, key: str) -> Indexed | None:
        """The same for a key whose value is the resource's, or absent: ready to be searched."""


@dataclass(frozen=True)
class Indexed:
    """The values of a key by resource; those without one are not in the index."""

    index: Index
    there: int
    absent: int


@dataclass(frozen=True)
class Line:
    """One line of a condition block; for each of the policy's values, the members that have it."""

    operator: Operator | None
    key: str
    exact: Mapping[str, int]  # for values that only one text meets
    others: tuple[tuple[str, int], ...]
    with_variables: tuple[tuple[str, int], ...]
    trouble: int = 0  # members whose value the operator cannot take


@dataclass(eq=False)
class Clause:
    """Statements of one shape, one for each of its members."""

    members: int  # the resources whose policy has such a statement; all of them for an identity policy
    resources: tuple[str, ...]
    not_resources: bool
    lines: tuple[Line, ...]
    who: Mapping[tuple[str, str], int]  # of resource policies: principal -> the members that name it
    not_who: bool
    sources: Mapping[int, Statement]  # by member; for an identity policy under -1
    trouble: bool
    keys: tuple[str, ...]  # the condition keys that decide
    _base: int | None = None
    _seen: dict[tuple[Value | None, ...], Grades] = field(default_factory=dict)

    def source(self, position: int) -> Statement:
        """The statement that is about a resource."""
        return self.sources[-1] if -1 in self.sources else self.sources[position]

    def holds(self, ground: Ground, asker: Asker) -> Grades:
        """For which resources the statement is about this request, its principals left out."""
        if self.trouble:
            return everywhere(self.members, Verdict.UNKNOWN)
        signature = tuple(asker.value(key) for key in self.keys)
        found = self._seen.get(signature)
        if found is None:
            found = self._seen[signature] = self._weigh(ground, asker)
        return found

    def _weigh(self, ground: Ground, asker: Asker) -> Grades:
        def lookup(key: str) -> Spread:
            return ground.spread(key, asker)

        grades = self._of_resources(ground, lookup)
        for line in self.lines:
            if not grades.unknown:
                return NOTHING
            grades = grades.meet(_weigh_line(line, self.members, lookup, ground))
        return grades

    def _of_resources(self, ground: Ground, lookup: Lookup) -> Grades:
        if not self.resources:
            return everywhere(self.members)
        found, void = NOTHING, 0
        for pattern in self.resources:
            for text, mask in (
                resolve(pattern, lookup, ground.everything)
                if has_variable(pattern)
                else ((pattern, ground.everything),)
            ):
                if isinstance(text, str):
                    found = found.join(everywhere(ground.index.matching(text) & mask))
                elif isinstance(text, Open):
                    found = found.join(everywhere(mask, Verdict.CONDITIONAL))
                elif text is Missing.STRANGE:
                    found = found.join(everywhere(mask, Verdict.UNKNOWN))
                else:
                    void |= mask  # a variable without a value: this pattern matches nothing
        if self.not_resources:
            # What such a pattern leaves of NotResource, no document says.
            found = found.inverted(ground.everything)
            found = found.within(~void).join(everywhere(void, Verdict.UNKNOWN))
        return found.within(self.members)


def _weigh_line(line: Line, everything: int, lookup: Lookup, ground: Ground) -> Grades:
    operator = line.operator
    if operator is None:
        return everywhere(everything, Verdict.UNKNOWN)
    indexed = ground.indexed(line.key) if operator.compares_text else None
    if indexed is not None and not line.trouble:
        return _search(line, operator, everything, lookup, indexed)
    grades = NOTHING
    for value, mask in lookup(line.key):
        part = everything & mask
        if part:
            grades = grades.join(_weigh_value(line, operator, value, part, lookup))
    if line.trouble:
        grades = grades.within(~line.trouble).join(everywhere(line.trouble & everything, Verdict.UNKNOWN))
    return grades


def _search(line: Line, operator: Operator, everything: int, lookup: Lookup, indexed: Indexed) -> Grades:
    """A line about the resources' own values: each pattern is looked for among them, once for all."""
    tests = _Tests(line, operator, everything, lookup)
    there = indexed.there & everything
    absent = _weigh_value(line, operator, Missing.ABSENT, indexed.absent & everything, lookup)
    grades = tests.among(indexed.index).within(there)
    if operator.negated:
        grades = grades.inverted(there).meet(tests.sound())
    return grades.join(absent)


def _weigh_value(line: Line, operator: Operator, value: Value, part: int, lookup: Lookup) -> Grades:
    """What a line says where a request has this value."""
    if value is Missing.STRANGE:
        return everywhere(part, Verdict.UNKNOWN)
    if operator.is_null:
        return _null(line, value, part)
    if value is Missing.ABSENT:
        passes = operator.if_exists or operator.several is Several.ALL
        passes = passes or (operator.negated and operator.several is Several.PLAIN)
        return everywhere(part) if passes else NOTHING
    if isinstance(value, Open):
        return everywhere(part, Verdict.CONDITIONAL)
    tests = _Tests(line, operator, part, lookup)
    if isinstance(value, Beginning):
        found = tests.beginning(value.text)
        return found.inverted(part).meet(tests.sound()) if operator.negated else found
    return _of_values(operator, value.values, part, tests)


def _of_values(operator: Operator, values: Sequence[str], part: int, tests: _Tests) -> Grades:
    def one(value: str) -> Grades:
        found = tests.meeting(value)
        return found.inverted(part).meet(tests.sound()) if operator.negated else found

    if operator.several is Several.ALL:
        grades = everywhere(part)
        for value in values:
            grades = grades.meet(one(value))
        return grades
    if operator.several is Several.ANY:
        grades = NOTHING
        for value in values:
            grades = grades.join(one(value))
        return grades
    grades = NOTHING
    for value in values:
        grades = grades.join(tests.meeting(value))
    return grades.inverted(part).meet(tests.sound()) if operator.negated else grades


def _null(line: Line, value: Value, part: int) -> Grades:
    """`Null: true` asks for the key's absence."""
    absent = sum_of(line, lambda text: text.lower() == "true") & part
    present = sum_of(line, lambda text: text.lower() == "false") & part
    if value is Missing.ABSENT:
        return everywhere(absent)
    if isinstance(value, Open) and not value.always:
        return everywhere(absent | present, Verdict.CONDITIONAL)
    return everywhere(present)


def sum_of(line: Line, test: object) -> int:
    """The members one of whose values passes."""
    mask = 0
    for text, members in (*line.exact.items(), *line.others):
        if test(text):  # type: ignore[operator]
            mask |= members
    return mask


class _Tests:
    """The values of a line, against values of a request; variables are replaced once."""

    def __init__(self, line: Line, operator: Operator, part: int, lookup: Lookup) -> None:
        self._name = operator.name
        self._line, self._part = line, part
        self._resolved: list[tuple[str, int]] = []
        self._void = 0  # where a variable's key is absent: its value meets nothing, and its negation is void
        self._open = 0
        self._strange = 0
        for pattern, members in line.with_variables:
            for text, mask in resolve(pattern, lookup, part):
                both = mask & members & part
                if isinstance(text, str):
                    self._resolved.append((text, both))
                elif text is Missing.ABSENT:
                    self._void |= both
                elif text is Missing.STRANGE:
                    self._strange |= both
                else:
                    self._open |= both

    def sound(self) -> Grades:
        """Where the line can be true at all."""
        return everywhere(self._part & ~self._void)

    def meeting(self, value: str) -> Grades:
        """Where one of the policy's values meets this one."""
        mask = self._line.exact.get(value, 0)
        for pattern, members in (*self._line.others, *self._resolved):
            if members & ~mask and test_of(self._name, pattern)(value):
                mask |= members
        return self._with_open(mask)

    def among(self, index: Index) -> Grades:
        """Where one of the policy's values meets the resource's own."""
        mask = 0
        for pattern, members in (*self._line.exact.items(), *self._line.others, *self._resolved):
            if is_exact(self._name, pattern):
                mask |= index.matching(without_wildcards(pattern)) & members
            else:
                beginning = "" if self._name == "stringequalsignorecase" else literal_beginning(pattern)
                mask |= index.passing(beginning, test_of(self._name, pattern)) & members
        return self._with_open(mask)

    def beginning(self, text: str) -> Grades:
        """The same for a value of which only the beginning is known."""
        surely = perhaps = 0
        for pattern, members in (*self._line.exact.items(), *self._line.others, *self._resolved):
            match begins(self._name, pattern, text):
                case Match.ALWAYS:
                    surely |= members
                case Match.SOMETIMES:
                    perhaps |= members
        return self._with_open(surely).join(everywhere(perhaps & self._part, Verdict.CONDITIONAL))

    def _with_open(self, mask: int) -> Grades:
        surely = everywhere(mask & self._part)
        openly = everywhere(self._open, Verdict.CONDITIONAL)
        return surely.join(openly).join(everywhere(self._strange, Verdict.UNKNOWN))


def applies_to(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action; one that cannot be read may be about all."""
    found = any(matches(pattern.lower(), action.lower()) for pattern in statement.actions)
    return found != statement.not_actions


def identity_clauses(
    statements: Iterable[Statement], ground: Ground
) -> tuple[tuple[Clause, ...], tuple[Clause, ...]]:
    """The clauses of a policy that allow and those that deny, of those about the ground's action."""
    allow: list[Clause] = []
    deny: list[Clause] = []
    for statement in statements:
        if applies_to(statement, ground.action):
            clause = _clause([(-1, ground.everything, statement)], ground.everything)
            (allow if statement.effect is Effect.ALLOW else deny).append(clause)
    return tuple(allow), tuple(deny)


def resource_clauses(
    policies: Iterable[tuple[int, Sequence[Statement]]], ground: Ground
) -> tuple[tuple[Clause, ...], tuple[Clause, ...]]:
    """The same of many resources' own policies; each is given with the resource's position."""
    shapes: dict[tuple[object, ...], list[tuple[int, int, Statement]]] = {}
    for position, statements in policies:
        seen: dict[tuple[object, ...], int] = {}
        for statement in statements:
            if not applies_to(statement, ground.action):
                continue
            shape = _shape(statement)
            number = seen[shape] = seen.get(shape, -1) + 1
            shapes.setdefault((*shape, number), []).append((position, 1 << position, statement))
    allow: list[Clause] = []
    deny: list[Clause] = []
    for members in shapes.values():
        mask = 0
        for _, bit, _ in members:
            mask |= bit
        clause = _clause(members, mask)
        (allow if members[0][2].effect is Effect.ALLOW else deny).append(clause)
    return tuple(allow), tuple(deny)


def _shape(statement: Statement) -> tuple[object, ...]:
    """What the statements of one clause share: all but principals and the values of conditions."""
    return (
        statement.effect,
        statement.trouble is None,
        statement.resources,
        statement.not_resources,
        statement.principals is not None and statement.principals.negated,
        statement.with_variables,
        tuple((atom.operator.lower(), atom.key.lower()) for atom in statement.atoms),
    )


def _clause(members: Sequence[tuple[int, int, Statement]], mask: int) -> Clause:
    first = members[0][2]
    lines = tuple(
        _line([(bit, statement) for _, bit, statement in members], number)
        for number in range(len(first.atoms))
    )
    who: dict[tuple[str, str], int] = {}
    for _, bit, statement in members:
        for name in statement.principals.named if statement.principals else ():
            who[name] = who.get(name, 0) | bit
            if ":assumed-role/" in name[1]:
                any_session = (SESSION, name[1].rpartition("/")[0] + "/")
                who[any_session] = who.get(any_session, 0) | bit
    keys = {line.key for line in lines}
    in_values = [text for line in lines for text, _ in line.with_variables]
    for pattern in (*in_values, *(first.resources if first.with_variables else ())):
        keys.update(variable_keys(pattern))
    plain = tuple(map(_without_variables, first.resources))
    return Clause(
        members=mask,
        resources=first.resources if first.with_variables else plain,
        not_resources=first.not_resources,
        lines=lines,
        who=who,
        not_who=first.principals is not None and first.principals.negated,
        sources={position: statement for position, _, statement in members},
        trouble=first.trouble is not None,
        keys=tuple(sorted(keys)),
    )


def _without_variables(pattern: str) -> str:
    """In the older version `${` is text."""
    return pattern.replace("${", LITERAL["$"] + "{")


def _line(members: Sequence[tuple[int, Statement]], number: int) -> Line:
    first = members[0][1].atoms[number]
    operator = read_operator(first.operator)
    exact: dict[str, int] = {}
    others: dict[str, int] = {}
    variables: dict[str, int] = {}
    trouble = 0
    for bit, statement in members:
        for value in statement.atoms[number].values:
            if operator is None or operator.is_null:
                others[value] = others.get(value, 0) | bit
                continue
            if statement.with_variables and operator.compares_text and has_variable(value):
                variables[value] = variables.get(value, 0) | bit
                continue
            try:
                test_of(operator.name, value)
            except NotComparableError:
                trouble |= bit
                continue
            kind = exact if is_exact(operator.name, value) else others
            kind[value] = kind.get(value, 0) | bit
    return Line(operator, first.key.lower(), exact, tuple(others.items()), tuple(variables.items()), trouble)
