"""Findings that somebody decided to live with: each with a reason and a last day. Pure.

An acceptance is about one finding of one principal and one secret, so that it accepts nothing else. One
exception: an administrator can read every secret without lockdown, and may be accepted once for all of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from keyplan.audit.estate import Estate
from keyplan.audit.gate import CODES, Finding
from keyplan.errors import UsageError

ALL = "*"
ACCEPTED_FOR_ALL = "administrator"  # the one code whose acceptance may say so
EXPIRING_DAYS = 14  # an acceptance that ends within so many days is said beforehand
PROPOSED_DAYS = 90
OF_CHANGES = ("opened", "unclear")  # codes of `keyplan.audit.changes`, which baselines may have too
_FIELDS = ("code", "principal", "secret", "reason", "expires")


@dataclass(frozen=True)
class Acceptance:
    """A finding that somebody decided to live with, why, and until when."""

    code: str
    principal: str
    secret: str  # an ARN, or ALL for an administrator
    reason: str
    expires: str  # a date, `2027-01-31`; from the day after, the finding counts again

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is about."""
        return (self.code, self.principal, self.secret)


@dataclass(frozen=True)
class Outcome:
    """What the gate says after the baseline: findings that count, accepted ones, acceptances without use."""

    counting: Sequence[Finding]
    accepted: Sequence[Finding]
    unused: Sequence[Acceptance]  # expired, or met by no finding
    expiring: Sequence[Acceptance] = ()  # in use, and not for much longer


def read_baseline(document: object) -> tuple[Acceptance, ...]:
    """The accepted findings of a baseline file.

    An entry may have the finding's `message` besides, for whoever reads the file.

    Raises:
        UsageError: it has another shape; an acceptance without a reason or a date accepts nothing.
    """
    if not isinstance(document, list):
        raise UsageError("the baseline is not a list of accepted findings")
    found = tuple(_acceptance(entry, number) for number, entry in enumerate(document, start=1))
    seen: set[tuple[str, str, str]] = set()
    for number, each in enumerate(found, start=1):
        if each.place in seen:
            raise UsageError(f"the baseline's entry {number} is there twice; keep one, with one last day")
        seen.add(each.place)
    return found


def about(acceptances: Iterable[Acceptance], codes: Collection[str]) -> tuple[Acceptance, ...]:
    """Those of a baseline that are about some codes: one file may serve the gate and `diff`."""
    return tuple(each for each in acceptances if each.code in codes)


def day_of(estate: Estate, acceptances: Collection[Acceptance]) -> str:
    """The snapshot's own date, `2026-11-21`, or nothing where there is none.

    Raises:
        UsageError: there is none, and acceptances have a last day.
    """
    day = estate.snapshot.as_of[:10]
    if acceptances and not day:
        raise UsageError("the snapshot's context has no aws:CurrentTime, and acceptances have a last day")
    return day


def _acceptance(entry: object, number: int) -> Acceptance:
    where = f"the baseline's entry {number}"
    if not isinstance(entry, Mapping):
        raise UsageError(f"{where} is not an object with {', '.join(_FIELDS)}")
    strange = sorted(str(name) for name in entry.keys() - {*_FIELDS, "message"})
    if strange:
        raise UsageError(f"{where} has a field that no acceptance has; it has {', '.join(_FIELDS)}")
    for name in _FIELDS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise UsageError(f"{where} has no `{name}`{_WHY.get(name, '')}")
    if entry["code"] not in (known := (*CODES, *OF_CHANGES)):
        near = difflib.get_close_matches(entry["code"], known, n=1)
        raise UsageError(f"{where}: there is no such code{f'; did you mean {near[0]}' if near else ''}")
    if entry["secret"] == ALL and entry["code"] != ACCEPTED_FOR_ALL:
        raise UsageError(f"{where}: only {ACCEPTED_FOR_ALL} can be accepted for every secret; name one")
    if _date(entry["expires"]) is None:
        raise UsageError(f"{where}: `expires` is a date, as in 2027-01-31")
    return Acceptance(*(entry[name] for name in _FIELDS))


_WHY = {"reason": ": say why the finding is accepted", "expires": ": say until when, as in 2027-01-31"}


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None


def weighed(found: Sequence[Finding], acceptances: Sequence[Acceptance], today: str) -> Outcome:
    """Tell findings that count from those that are accepted.

    Args:
        today: the snapshot's own date, `2026-11-21`: the same snapshot gives the same answer.
    """
    valid = by_place(each for each in acceptances if not expired(each, today))
    counting: list[Finding] = []
    accepted: list[Finding] = []
    used: dict[Acceptance, None] = {}
    for finding in found:
        by = acceptance_of(finding, valid)
        (counting if by is None else accepted).append(finding)
        if by is not None:
            used[by] = None
    unused = [each for each in acceptances if each not in used]
    soon = _later(today, EXPIRING_DAYS)
    return Outcome(counting, accepted, unused, [each for each in used if soon and each.expires <= soon])


def by_place(acceptances: Iterable[Acceptance]) -> dict[tuple[str, str, str], Acceptance]:
    """Acceptances by what they are about, for `acceptance_of`."""
    return {each.place: each for each in acceptances}


def acceptance_of(
    finding: Finding, acceptances: Mapping[tuple[str, str, str], Acceptance]
) -> Acceptance | None:
    """The acceptance that a finding meets; one that names its secret before one for every secret."""
    exact = acceptances.get((finding.code, finding.principal, finding.secret))
    return exact or acceptances.get((finding.code, finding.principal, ALL))


def expired(acceptance: Acceptance, today: str) -> bool:
    """Whether its last day is over."""
    return acceptance.expires < today


def _later(today: str, days: int) -> str | None:
    day = _date(today)
    return None if day is None else (day + timedelta(days=days)).isoformat()


def proposed(outcome: Outcome, acceptances: Sequence[Acceptance], today: str) -> list[dict[str, Any]]:
    """A baseline to begin with: acceptances in use as they are, and an entry for each finding that counts.

    The new entries have no reason, so that no gate takes them as they are; each has its finding's message.
    """
    unused = set(outcome.unused)
    return [*(asdict(each) for each in acceptances if each not in unused), *_new(outcome.counting, today)]


def _new(counting: Sequence[Finding], today: str) -> Iterator[dict[str, Any]]:
    seen: set[tuple[str, str]] = set()
    for finding in counting:
        once = finding.code == ACCEPTED_FOR_ALL
        if once and (finding.code, finding.principal) in seen:
            continue
        seen.add((finding.code, finding.principal))
        yield {
            "code": finding.code,
            "principal": finding.principal,
            "secret": ALL if once else finding.secret,
            "reason": "",
            "expires": _later(today, PROPOSED_DAYS) or "",
            "message": finding.message,
        }
