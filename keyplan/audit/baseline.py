"""Findings that somebody decided to live with: each with a reason and a last day. Pure.

An acceptance is about one finding of one principal and one secret, so that it accepts nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from keyplan.audit.gate import Finding
from keyplan.errors import UsageError


@dataclass(frozen=True)
class Acceptance:
    """A finding that somebody decided to live with, why, and until when."""

    code: str
    principal: str
    secret: str
    reason: str
    expires: str  # a date, `2027-01-31`; from the day after, the finding counts again


@dataclass(frozen=True)
class Outcome:
    """What the gate says after the baseline: findings that count, accepted ones, acceptances without use."""

    counting: Sequence[Finding]
    accepted: Sequence[Finding]
    unused: Sequence[Acceptance]  # expired, or met by no finding


def read_baseline(document: object) -> tuple[Acceptance, ...]:
    """The accepted findings of a baseline file.

    Raises:
        UsageError: it has another shape; an acceptance without a reason or a date accepts nothing.
    """
    if not isinstance(document, list):
        raise UsageError("the baseline is not a list of accepted findings")
    found = []
    for number, entry in enumerate(document):
        names = ("code", "principal", "secret", "reason", "expires")
        if not isinstance(entry, Mapping) or not all(
            isinstance(entry.get(name), str) and entry[name] for name in names
        ):
            raise UsageError(f"the baseline's entry {number + 1} needs {', '.join(names)}, each a text")
        if not _is_date(entry["expires"]):
            raise UsageError(f"the baseline's entry {number + 1}: `expires` is a date, as in 2027-01-31")
        found.append(Acceptance(*(entry[name] for name in names)))
    return tuple(found)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def weighed(found: Sequence[Finding], acceptances: Sequence[Acceptance], today: str) -> Outcome:
    """Tell findings that count from those that are accepted.

    Args:
        today: the snapshot's own date, `2026-11-21`: the same snapshot gives the same answer.
    """
    valid = {(each.code, each.principal, each.secret) for each in acceptances if today <= each.expires}
    counting: list[Finding] = []
    accepted: list[Finding] = []
    for finding in found:
        known = (finding.code, finding.principal, finding.secret) in valid
        (accepted if known else counting).append(finding)
    met = {(finding.code, finding.principal, finding.secret) for finding in accepted}
    unused = [each for each in acceptances if (each.code, each.principal, each.secret) not in met]
    return Outcome(counting, accepted, unused)
