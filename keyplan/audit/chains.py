"""Reach: what a principal gets to through any chain of sts:AssumeRole, and by which shortest path.

A chain is as good as its weakest link. Of each verdict a graph of its own is walked, from each principal in
width, so that the first role that leads to a secret is on a shortest path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
