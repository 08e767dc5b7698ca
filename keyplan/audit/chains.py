"""Reach: what a principal gets to through any chain of sts:AssumeRole, and by which shortest path.

A chain is as good as its weakest link. Of each verdict a graph of its own is walked, from each principal in
width, so that the first role that leads to a secret is on a shortest path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from keyplan.audit.policies.grades import Grades, Verdict, positions


@dataclass(frozen=True)
class Reach:
    """The best access of one principal to one secret; `path` begins with it and ends with who reads."""

    secret: int
    verdict: Verdict
    path: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """Principals by number, with what each reads and whom each can become.

    `reads` are sets of secrets, `becomes` sets of roles by their own positions; `role_number` says which
    principal a role is.
    """

    reads: Sequence[Grades]
    becomes: Sequence[Grades]
    role_number: Sequence[int]

    @cached_property
    def role_at(self) -> Mapping[int, int]:
        """The roles' own positions, by the principal's number."""
        return {number: position for position, number in enumerate(self.role_number)}


def reaches(graph: Graph, principal: int) -> Iterator[Reach]:
    """The best access to each secret that is not denied, by secret."""
    best: dict[int, Reach] = {}
    covered = 0
    for verdict in (Verdict.ALLOW, Verdict.CONDITIONAL, Verdict.UNKNOWN):
        for reader, path in _in_width(graph, principal, verdict):
            fresh = graph.reads[reader].at(verdict) & ~covered
            if fresh:
                covered |= fresh
                for secret in positions(fresh):
                    best[secret] = Reach(secret, verdict, path)
    return iter(sorted(best.values(), key=lambda reach: reach.secret))


def reached(graph: Graph) -> list[Grades]:
    """What each principal gets to through any chain of roles, itself included.

    Principals that can become the same roles share the walk: its cost is that of distinct policies.
    """
    by_verdict = [_reached_at(graph, verdict) for verdict in reversed(Verdict) if verdict]
    return [Grades(*each) for each in zip(*by_verdict, strict=True)]


def _reached_at(graph: Graph, verdict: Verdict) -> list[int]:
    reads = [grades.at(verdict) for grades in graph.reads]
    becomes = [grades.at(verdict) for grades in graph.becomes]
    through: dict[int, int] = {0: 0}
    found = []
    for number, roles in enumerate(becomes):
        if roles not in through:
            through[roles] = _secrets_of(roles, reads, becomes, graph.role_number)
        found.append(reads[number] | through[roles])
    return found


def _secrets_of(roles: int, reads: Sequence[int], becomes: Sequence[int], role_number: Sequence[int]) -> int:
    """All that roles read, and those that they can become."""
    secrets, seen = 0, roles
    while roles:
        following = 0
        for role in positions(roles):
            number = role_number[role]
            secrets |= reads[number]
            following |= becomes[number]
        roles = following & ~seen
        seen |= roles
    return secrets


def _in_width(graph: Graph, start: int, verdict: Verdict) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Who can be become over links of at least a verdict, nearest first, each with the way there."""
    yield start, (start,)
    seen_roles = 0
    seen = {start}
    layer: list[tuple[int, tuple[int, ...]]] = [(start, (start,))]
    while layer:
        following: list[tuple[int, tuple[int, ...]]] = []
        for number, path in layer:
            fresh = graph.becomes[number].at(verdict) & ~seen_roles
            seen_roles |= fresh
            for role in positions(fresh):
                principal = graph.role_number[role]
                if principal not in seen:
                    seen.add(principal)
                    following.append((principal, (*path, principal)))
        yield from following
        layer = following
