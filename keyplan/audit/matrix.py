"""The whole result of a snapshot, as docs/audit.md describes it: pairs, reach, probes of OIDC, outsiders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyplan.audit.callers import Caller
from keyplan.audit.chains import Graph, reaches
from keyplan.audit.estate import Estate
from keyplan.audit.outsiders import oidc_verdicts, outsiders
from keyplan.audit.policies.grades import positions
from keyplan.audit.reasons import summary


def graph_of(estate: Estate) -> Graph:
    """Who reads what, and who can become whom."""
    number_of = {id(caller): number for number, caller in enumerate(estate.callers)}
    return Graph(
        reads=[estate.reads(caller) for caller in estate.callers],
        becomes=[estate.assumes(caller) for caller in estate.callers],
        role_number=[number_of[id(role)] for role in estate.roles],
    )


def result(estate: Estate) -> dict[str, Any]:
    """Everything at once; for a large account `pairs` and `reach` are better taken as they come."""
    graph = graph_of(estate)
    return {
        "pairs": list(pairs(estate, graph)),
        "reach": list(reach(estate, graph)),
        "oidc": list(oidc_verdicts(estate)),
        "external": list(outsiders(estate)),
        "problems": estate.problems(),
    }


def pairs(estate: Estate, graph: Graph) -> Iterator[Mapping[str, str]]:
    """Direct access, by principal and secret; what is left out is denied."""
    for caller, grades in zip(estate.callers, graph.reads, strict=True):
        if not grades.unknown:
            continue
        why = reasons_by_secret(estate, caller, grades.unknown)
        for position in positions(grades.unknown):
            yield {
                "principal": caller.arn,
                "secret": estate.secrets[position].arn,
                "verdict": grades.verdict(1 << position).word,
                "why": why[position],
            }


def reasons_by_secret(estate: Estate, caller: Caller, mask: int) -> dict[int, str]:
    """The reasons in words, by the secret's position: those of the read, then those of its key."""
    found: dict[int, str] = {}
    for group, words in summary(estate.readers, caller, mask):
        for key_group, key_words in summary((estate.decrypters,), caller, group):
            text = f"read: {_listed(words)}. key: {_listed(key_words)}"
            for position in positions(key_group):
                found[position] = text
    return found


def reach(estate: Estate, graph: Graph) -> Iterator[Mapping[str, Any]]:
    """The best access through any chain of roles, with a shortest path of that verdict."""
    for number, caller in enumerate(estate.callers):
        for found in reaches(graph, number):
            yield {
                "principal": caller.arn,
                "secret": estate.secrets[found.secret].arn,
                "verdict": found.verdict.word,
                "path": [estate.callers[step].arn for step in found.path],
            }


def _listed(words: tuple[str, ...]) -> str:
    return "; ".join(words) or "nothing allows"
