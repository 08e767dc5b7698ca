"""The questions that people ask of an estate: who reads a key, what a principal reads, and by which way."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keyplan.audit.callers import Caller
from keyplan.audit.chains import Graph, Reach, reaches
from keyplan.audit.estate import Estate
from keyplan.audit.matrix import reasons_by_secret
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.proof import Line, Step, path
from keyplan.audit.secrets import Secret
from keyplan.errors import UsageError

__all__ = ["Line", "Reader", "Step", "keys", "path", "principal_named", "readers", "secret_named"]


@dataclass(frozen=True)
class Reader:
    """One principal's best access to one secret; `why` is about the direct access of the path's last step."""

    principal: str
    secret: str
    verdict: Verdict
    path: tuple[str, ...]
    why: str


def secret_named(estate: Estate, name: str) -> int:
    """The position of a secret, by its ARN or its name.

    Raises:
        UsageError: there is none, or there are several in different accounts and regions.
    """
    return _named(estate.secrets, name, "secret")


def principal_named(estate: Estate, name: str) -> int:
    """The position of a user or a role, by its ARN or its name.

    Raises:
        UsageError: there is none, or there are several.
    """
    return _named(estate.callers, name, "principal")


def _named(those: Sequence[Secret | Caller], name: str, what: str) -> int:
    found = [number for number, each in enumerate(those) if name in (each.arn, each.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{len(found)} {what}s of the snapshot have this name",
            f"give its ARN, as in {those[found[0]].arn}",
        )
    if not those:
        raise UsageError(f"the snapshot has no {what}s at all", "keyplan audit collect --out FILE")
    near = _nearest(name, [text for each in those for text in (each.name, each.arn)])
    raise UsageError(
        f"the snapshot has no such {what}{f'; did you mean {near}' if near else ''}",
        f"give its name or its ARN, as in {near or those[0].name}",
    )


def _nearest(name: str, names: Sequence[str]) -> str | None:
    """A name of the snapshot that was mistyped, or of which a part was given; never what was given."""
    near = difflib.get_close_matches(name, names, n=1) or [each for each in names if name and name in each]
    return near[0] if near else None


def readers(estate: Estate, graph: Graph, secret: int) -> Iterator[Reader]:
    """Everybody who gets to a secret, directly or through roles; the best verdict first, then by path."""
    alone = replace(graph, reads=[grades.within(1 << secret) for grades in graph.reads])
    every = (reach for number in range(len(estate.callers)) for reach in reaches(alone, number))
    yield from sorted((_reader(estate, reach, _why(estate, reach)) for reach in every), key=_order)


def keys(estate: Estate, graph: Graph, principal: int) -> Iterator[Reader]:
    """Every secret that a principal gets to, directly or through roles."""
    found = list(reaches(graph, principal))
    by_last: dict[int, int] = {}
    for reach in found:
        by_last[reach.path[-1]] = by_last.get(reach.path[-1], 0) | 1 << reach.secret
    # Once for all that one role leads to: most of its secrets share their reasons.
    why = {last: reasons_by_secret(estate, estate.callers[last], mask) for last, mask in by_last.items()}
    yield from sorted((_reader(estate, reach, why[reach.path[-1]]) for reach in found), key=_order)


def _order(reader: Reader) -> tuple[int, int, str, str]:
    return (-reader.verdict, len(reader.path), reader.principal, reader.secret)


def _why(estate: Estate, reach: Reach) -> Mapping[int, str]:
    return reasons_by_secret(estate, estate.callers[reach.path[-1]], 1 << reach.secret)


def _reader(estate: Estate, reach: Reach, why: Mapping[int, str]) -> Reader:
    return Reader(
        principal=estate.callers[reach.path[0]].arn,
        secret=estate.secrets[reach.secret].arn,
        verdict=reach.verdict,
        path=tuple(estate.callers[step].arn for step in reach.path),
        why=why[reach.secret],
    )
