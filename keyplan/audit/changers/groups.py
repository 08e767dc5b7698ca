"""The list for people: who can change the same secrets in the same way stands together."""

from __future__ import annotations

from dataclasses import dataclass

from keyplan.audit.chains import Graph
from keyplan.audit.changers.rows import tell_strange
from keyplan.audit.changers.ways import Ways
from keyplan.audit.estate import Estate
from keyplan.audit.policies.grades import Verdict, positions


@dataclass(frozen=True)
class Who:
    """A principal of a group, with the way to who makes the change, and why it may."""

    principal: str
    path: tuple[str, ...]
    through: str  # empty where each secret's own policy or key is changed
    message: str
    reads: bool  # whether it surely reads all the group's secrets already


@dataclass(frozen=True)
class Group:
    """Principals that can change who reads the same secrets in the same way."""

    verdict: Verdict
    how: str
    secrets: tuple[str, ...]
    those: tuple[Who, ...]


def groups(estate: Estate, graph: Graph, within: int = -1) -> list[Group]:
    """The best verdict first, then whoever changes most, then by way.

    Args:
        within: the secrets that are asked about, as bits.
    """
    ways = Ways(estate, graph)
    together: dict[tuple[Verdict, str, int], list[Who]] = {}
    for number, caller in enumerate(estate.callers):
        reads = None
        for way in ways.of(number):
            secrets = way.secrets & within
            if not secrets:
                continue
            if reads is None:
                held = ways.control.assumed(number, Verdict.ALLOW)
                reads = ways.control.reads(held, Verdict.ALLOW)
            path = tuple(estate.callers[step].arn for step in way.path)
            who = Who(caller.arn, path, way.through, way.message, not secrets & ~reads)
            together.setdefault((way.verdict, way.how, secrets), []).append(who)
    tell_strange(estate, ways)
    ordered = sorted(
        together.items(), key=lambda item: (-item[0][0], -item[0][2].bit_count(), item[0][1], item[0][2])
    )
    return [
        Group(
            verdict,
            how,
            tuple(estate.secrets[position].arn for position in positions(secrets)),
            tuple(those),
        )
        for (verdict, how, secrets), those in ordered
    ]
