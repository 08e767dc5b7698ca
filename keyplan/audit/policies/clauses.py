"""Statements made ready for one domain, so that all its resources are weighed at once.

A clause stands for one statement of an identity policy, or for all statements of one shape among the policies
of many resources (a thousand secrets whose policies differ in their readers' names alone are one clause): the
values that differ are found in a dictionary, and the cost grows with shapes instead of with resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from keyplan.audit.policies.documents import Effect, Statement
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.policies.lines import Asker, Ground, Line, line_of, weigh_line
from keyplan.audit.policies.values import (
    Lookup,
    Missing,
    Open,
    Spread,
    Value,
    has_variable,
    resolve,
    variable_keys,
)
from keyplan.audit.policies.wildcards import LITERAL, matches

SESSION = "session"  # beside the kinds of principals: what the ARNs of a role's sessions begin with


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

    @property
    def denies(self) -> bool:
        """Whether its statements deny; all of one clause do the same."""
        return next(iter(self.sources.values())).effect is Effect.DENY

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
            grades = grades.meet(weigh_line(line, self.members, lookup, ground))
        return grades

    def _of_resources(self, ground: Ground, lookup: Lookup) -> Grades:
        if not self.resources:
            return everywhere(self.members)
        found = NOTHING
        for pattern in self.resources:
            for text, mask in (
                resolve(pattern, lookup, ground.everything)
                if has_variable(pattern)
                else ((pattern, ground.everything),)
            ):
                if isinstance(text, str):
                    crossing = ground.index.crossing(text)
                    found = found.join(everywhere(ground.index.matching(text) & mask & ~crossing))
                    found = found.join(everywhere(crossing & mask, Verdict.UNKNOWN))
                elif isinstance(text, Open):
                    found = found.join(everywhere(mask, Verdict.CONDITIONAL))
                elif text is Missing.STRANGE:
                    found = found.join(everywhere(mask, Verdict.UNKNOWN))
                # And with a variable without a value it matches no resource, in NotResource either.
        return (found.inverted(ground.everything) if self.not_resources else found).within(self.members)


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
        line_of([(bit, statement) for _, bit, statement in members], number)
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
