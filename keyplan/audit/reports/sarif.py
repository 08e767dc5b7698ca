"""The gate's findings as SARIF 2.1.0, for code scanning.

Each kind of finding is a rule with a stable id; each finding is a result that points to the line of the
catalogue where its key or its consumer stands, because code scanning shows nothing without a file. A result
keeps its fingerprint as long as it is about the same principal and secret, wherever the line goes.
Source: OASIS SARIF 2.1.0 with errata 01; GitHub, "SARIF support for code scanning": the fields that are
required, the limit of results and that of a gzip-compressed file, 10 MB (checked 2026-11-22).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyplan.audit.baseline import Acceptance, Outcome, acceptance_of, by_place
from keyplan.audit.gate import CODES, Finding
from keyplan.audit.reports.names import secret_name, short, sound
from keyplan.audit.reports.order import finding_order
from keyplan.audit.reports.rules import OTHER, RULES

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RESULTS_MAX = 25_000
STEPS_MAX = 100
# A broken reader is as urgent as a stranger, and what the snapshot leaves open is a thing to find out.
LEVELS = {"allow": "error", "deny": "error", "conditional": "warning", "unknown": "note"}
_WEAKER = ("note", "warning", "error")


@dataclass(frozen=True)
class Place:
    """A line of a file: its path from the top of the repository as a URI, and where the line ends."""

    uri: str
    line: int = 1
    end_column: int = 2


def gate(
    environment: str,
    outcome: Outcome,
    acceptances: Sequence[Acceptance],
    place_of: Callable[[Finding], Place],
    *,
    version: str,
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """The log: findings that count, accepted ones as suppressed, and what could not be read.

    Args:
        environment: results of several environments are told apart by it.
        acceptances: the baseline, whose reasons are the justifications.
        place_of: where a finding is shown.
        version: of keyplan.
        problems: what the snapshot leaves open, as notifications.
    """
    reasons = by_place(acceptances)
    found = [
        *sorted(outcome.counting, key=finding_order),
        *sorted(outcome.accepted, key=finding_order),
    ]
    codes = [*RULES, *sorted({each.code for each in found} - RULES.keys())]
    seen: Counter[str] = Counter()
    accepted = {id(each) for each in outcome.accepted}
    results = [
        _result(
            each,
            codes.index(each.code),
            place_of(each),
            _fingerprint(each, seen),
            _suppressions(each, reasons) if id(each) in accepted else None,
        )
        for each in found[:RESULTS_MAX]
    ]
    notes = [*problems]
    if len(found) > RESULTS_MAX:
        notes.insert(0, f"code scanning takes {RESULTS_MAX} results; left out: {len(found) - RESULTS_MAX}")
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(codes, version)},
                "automationDetails": {"id": f"keyplan/{environment}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notes(notes)}],
                "results": results,
            }
        ],
    }


def _driver(codes: Iterable[str], version: str) -> dict[str, Any]:
    return {
        "name": "keyplan",
        "version": version,
        "semanticVersion": version,
        "rules": [_rule(code) for code in codes],
    }


def _rule(code: str) -> dict[str, Any]:
    rule, what = RULES.get(code, OTHER), CODES.get(code, "the account is not as the catalogue says")
    title = f"{what[0].upper()}{what[1:]}"
    return {
        "id": code,
        "name": "".join(map(str.capitalize, code.split("-"))),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. {rule.remedy}"},
        "help": {"text": rule.remedy, "markdown": rule.remedy},
        "defaultConfiguration": {"level": rule.level_max},
        "properties": {
            "tags": ["security", "iam", "secrets"],
            "precision": "very-high",
            "security-severity": rule.severity,
        },
    }


def _result(
    finding: Finding,
    index: int,
    place: Place,
    fingerprint: str,
    suppressions: list[dict[str, str]] | None,
) -> dict[str, Any]:
    level = LEVELS.get(finding.verdict, "error")
    most = RULES.get(finding.code, OTHER).level_max
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": "note" if suppressions else min(level, most, key=_WEAKER.index),
        "message": {"text": _message(finding)},
        "locations": [{**_physical(place), "logicalLocations": _logical(finding)}],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
        "properties": {
            "principal": sound(finding.principal),
            "secret": sound(finding.secret),
            "verdict": finding.verdict,
            "path": [sound(each) for each in finding.path],
        },
    }
    if len(finding.path) > 1:
        steps = [
            {"location": {**_physical(place), "message": {"text": _plain(short(each))}}}
            for each in finding.path[:STEPS_MAX]
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if suppressions:
        result["suppressions"] = suppressions
    return result


def _message(finding: Finding) -> str:
    who, what = short(finding.principal), secret_name(finding.secret)
    return _plain(f"{what}: {who}: {finding.message}")


def _physical(place: Place) -> dict[str, Any]:
    region = {
        "startLine": place.line,
        "startColumn": 1,
        "endLine": place.line,
        "endColumn": place.end_column,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": place.uri}, "region": region}}


def _logical(finding: Finding) -> list[dict[str, str]]:
    return [
        {"fullyQualifiedName": sound(finding.principal), "kind": "principal"},
        {"fullyQualifiedName": sound(finding.secret), "kind": "secret"},
    ]


def _suppressions(
    finding: Finding, reasons: Mapping[tuple[str, str, str], Acceptance]
) -> list[dict[str, str]]:
    found = acceptance_of(finding, reasons)
    justified = {} if found is None else {"justification": sound(found.reason)}
    return [{"kind": "external", "status": "accepted", **justified}]


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """The same for the same principal and secret; of several such findings each has its number."""
    about = json.dumps([finding.code, finding.principal, finding.secret])
    digest = hashlib.sha256(about.encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _notes(problems: Iterable[str]) -> list[dict[str, Any]]:
    return [{"level": "warning", "message": {"text": _plain(each)}} for each in problems]


def _plain(text: str) -> str:
    """Text in which SARIF sees neither a placeholder (`{0}`) nor a link (`[text](where)`).

    Source: SARIF 2.1.0, sections 3.11.5 and 3.11.6 (checked 2026-11-22).
    """
    braces = sound(text).replace("{", "{{").replace("}", "}}")
    return re.sub(r"\[(?=[^\[\]]*\]\()", r"\\[", braces)
