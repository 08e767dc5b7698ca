"""One line of a condition block, weighed for all resources at once.

Owns who asks and what is asked as lines need them, and the meaning of a line where a request has a value, has
none, or where a snapshot cannot know. Which statements there are is `clauses`; what operators compare is
`operators`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from keyplan.audit.policies.documents import Statement
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.policies.operators import (
    NotComparableError,
    Operator,
    Several,
    begins,
    is_exact,
    read_operator,
    test_of,
)
from keyplan.audit.policies.values import (
    Beginning,
    Known,
    Lookup,
    Missing,
    Open,
    Other,
    Spread,
    Value,
    has_variable,
    resolve,
)
from keyplan.audit.policies.wildcards import (
    Index,
    Match,
    literal_beginning,
    unescaped,
    without_wildcards,
)


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


def line_of(members: Sequence[tuple[int, Statement]], number: int) -> Line:
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
                trouble |= bit if operator is not None and value.lower() not in ("true", "false") else 0
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


def weigh_line(line: Line, everything: int, lookup: Lookup, ground: Ground) -> Grades:
    operator = line.operator
    if operator is None:
        return everywhere(everything, Verdict.UNKNOWN)
    plainly = operator.compares_text and operator.several is Several.PLAIN
    indexed = ground.indexed(line.key) if plainly else None
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
        grades = grades.inverted(there)
    return grades.join(absent)


def _weigh_value(line: Line, operator: Operator, value: Value, part: int, lookup: Lookup) -> Grades:
    """What a line says where a request has this value."""
    if value is Missing.STRANGE:
        return everywhere(part, Verdict.UNKNOWN)
    if operator.is_null:
        return _null(line, value, part)
    if value in (Missing.ABSENT, Known(())):
        passes = operator.if_exists or operator.several is Several.ALL
        passes = passes or (operator.negated and operator.several is Several.PLAIN)
        return everywhere(part) if passes else NOTHING
    if isinstance(value, Open):
        return everywhere(part, Verdict.CONDITIONAL)
    tests = _Tests(line, operator, part, lookup)
    if isinstance(value, Other):
        return _of_other(operator, value, part, tests)
    if isinstance(value, Beginning):
        found = tests.beginning(value.text)
        return found.inverted(part) if operator.negated else found
    return _of_values(operator, value.values, part, tests)


def _of_other(operator: Operator, value: Other, part: int, tests: _Tests) -> Grades:
    """Where one value alone is known not to be the request's, and the key may be absent as well."""
    found = tests.perhaps(value)
    if operator.negated:
        if operator.several is Several.ANY and not operator.if_exists:
            return everywhere(part, Verdict.CONDITIONAL)  # false where the key is absent
        return found.inverted(part)
    if operator.if_exists or operator.several is Several.ALL:
        return everywhere(part, Verdict.CONDITIONAL)  # true where the key is absent
    return found


def _of_values(operator: Operator, values: Sequence[str], part: int, tests: _Tests) -> Grades:
    """What a line says of values that are known.

    Source: IAM User Guide, "Set operators for multivalued context keys" (an empty text is as no value) and
    "Variables and tags", "Policy variables with no value" (nothing equals it, so that a negation holds);
    checked 2026-11-22. What an operator without a set prefix makes of several values, no document says.
    """

    def one(value: str) -> Grades:
        found = tests.meeting(value)
        return found.inverted(part) if operator.negated else found

    if operator.several is not Several.PLAIN and not any(values):
        return everywhere(part) if operator.several is Several.ALL else NOTHING
    each, some = everywhere(part), NOTHING
    for value in values:
        each, some = each.meet(one(value)), some.join(one(value))
    match operator.several:
        case Several.ALL:
            return each
        case Several.ANY:
            return some
    return each.join(everywhere(some.unknown, Verdict.UNKNOWN))  # where the values differ


def _null(line: Line, value: Value, part: int) -> Grades:
    """`Null: true` asks for the key's absence."""
    absent = _members_with(line, lambda text: text.lower() == "true") & part
    present = _members_with(line, lambda text: text.lower() == "false") & part
    if value in (Missing.ABSENT, Known(())):
        return everywhere(absent)
    if isinstance(value, Other) or (isinstance(value, Open) and not value.always):
        return everywhere(absent | present, Verdict.CONDITIONAL)
    return everywhere(present)


def _members_with(line: Line, test: Callable[[str], bool]) -> int:
    """The members one of whose values passes."""
    mask = 0
    for text, members in (*line.exact.items(), *line.others):
        if test(text):
            mask |= members
    return mask


class _Tests:
    """The values of a line, against values of a request; variables are replaced once."""

    def __init__(self, line: Line, operator: Operator, part: int, lookup: Lookup) -> None:
        self._name = operator.name
        self._line, self._part = line, part
        self._resolved: list[tuple[str, int]] = []
        self._open = 0
        self._strange = 0
        for pattern, members in line.with_variables:
            for text, mask in resolve(pattern, lookup, part):
                both = mask & members & part
                if isinstance(text, str):
                    self._resolved.append((text, both))
                elif text is Missing.STRANGE:
                    self._strange |= both
                elif text is not Missing.ABSENT:  # a variable without a value meets nothing
                    self._open |= both

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

    def perhaps(self, value: Other) -> Grades:
        """Where one of the policy's values can be the request's at all."""
        mask = 0
        for pattern, members in (*self._line.exact.items(), *self._line.others, *self._resolved):
            if value.may_be(unescaped(pattern)):
                mask |= members
        openly = everywhere(mask & self._part, Verdict.CONDITIONAL)
        return self._with_open(0).join(openly)

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
