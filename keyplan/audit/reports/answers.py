"""Answers as JSON, for programs. The matrix is the contract of docs/audit.md, "The result"."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from keyplan.audit import matrix as everything
from keyplan.audit.baseline import Outcome
from keyplan.audit.chains import Graph
from keyplan.audit.estate import Estate
from keyplan.audit.gate import Finding
from keyplan.audit.outsiders import oidc_verdicts, outsiders
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.questions import Reader, Step


def reader(found: Reader) -> dict[str, Any]:
    """One principal's best access to one secret."""
    return {
        "principal": found.principal,
        "secret": found.secret,
        "verdict": found.verdict.word,
        "path": list(found.path),
        "why": found.why,
    }


def proof(verdict: Verdict, steps: Iterable[Step]) -> dict[str, Any]:
    """A verdict with its requests and their statements."""
    return {"verdict": verdict.word, "steps": [_step(step) for step in steps]}


def _step(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "principal": step.principal,
        "resource": step.resource,
        "verdict": step.verdict.word,
        "fails_first": step.fails_first,
        "lacking": list(step.lacking),
        "statements": [
            {
                "does": line.verb,
                "verdict": line.verdict.word,
                "where": line.where,
                "statement": line.name,
                "text": line.text,
                "open": list(line.open),
                "condition": line.condition,
            }
            for line in step.lines
        ],
    }


def gate(outcome: Outcome) -> dict[str, Any]:
    """Findings that count, those that are accepted, and acceptances without use or near their end."""
    return {
        "findings": [finding(each) for each in outcome.counting],
        "accepted": [finding(each) for each in outcome.accepted],
        "unused": [vars(each) for each in outcome.unused],
        "expiring": [vars(each) for each in outcome.expiring],
    }


def finding(found: Finding) -> dict[str, Any]:
    """One finding of the gate."""
    return {**vars(found), "path": list(found.path)}


def matrix(estate: Estate, graph: Graph) -> Iterator[str]:
    """The contract's result in pieces of text, as it is found: for a large account it is never whole."""
    parts: dict[str, Iterable[Mapping[str, Any]]] = {
        "pairs": everything.pairs(estate, graph),
        "reach": everything.reach(estate, graph),
        "oidc": oidc_verdicts(estate),
        "external": outsiders(estate),
    }
    yield "{"
    for name, entries in parts.items():
        yield f"{json.dumps(name)}: ["
        for number, entry in enumerate(entries):
            yield f"{',' if number else ''}\n{json.dumps(entry)}"
        yield "],\n"
    yield f'"problems": {json.dumps(estate.problems())}}}\n'
