"""What changed between two snapshots: for a terminal, for programs, and for a comment on a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from keyplan.audit.baseline import Acceptance, Outcome
from keyplan.audit.changes import (
    Change,
    Difference,
    Direction,
    OutsideChange,
    Presence,
    finding_of,
)
from keyplan.audit.gate import Finding
from keyplan.audit.reports.markdown import COMMENT_CHARACTERS_MAX, Comment, code, row, words
from keyplan.audit.reports.names import secret_name, short
from keyplan.audit.reports.text import aligned

COLUMNS = ("CHANGE", "WAS", "IS", "PRINCIPAL", "SECRET", "THROUGH")
OUTSIDE_COLUMNS = ("CHANGE", "WAS", "IS", "FROM OUTSIDE", "KIND", "GETS TO")
NOTHING = "nobody can read more or less than before"
_ACCEPTED = "accepted"


def text(found: Difference, outcome: Outcome) -> Iterator[str]:
    """Tables for a terminal, then how much of everything there is."""
    accepted = set(outcome.accepted)
    if found.access:
        yield from aligned([COLUMNS, *(_line(each, accepted) for each in found.access)])
    if found.outside:
        yield from aligned([OUTSIDE_COLUMNS, *(_outside_line(each, accepted) for each in found.outside)])
    yield _counted(found, outcome)
    for what, presences in (("principal", found.principals), ("secret", found.secrets)):
        yield from _population(what, presences)
    if outcome.unused:
        yield f"of the acceptances, {len(outcome.unused)} expired or meet nothing: take them out"


def _line(change: Change, accepted: set[Finding]) -> tuple[str, ...]:
    return (
        _direction(change, accepted),
        change.before.word,
        change.after.word,
        short(change.principal) + _mark(change.principal_is),
        secret_name(change.secret) + _mark(change.secret_is),
        " > ".join(map(short, change.path[1:])) or "-",
    )


def _outside_line(change: OutsideChange, accepted: set[Finding]) -> tuple[str, ...]:
    return (
        _direction(change, accepted),
        change.before.word,
        change.after.word,
        change.principal,
        change.kind,
        _target(change),
    )


def _direction(change: Change | OutsideChange, accepted: set[Finding]) -> str:
    word = change.direction.value
    return f"{word} ({_ACCEPTED})" if finding_of(change) in accepted else word


def _mark(presence: Presence) -> str:
    return "" if presence is Presence.BOTH else f" ({presence.value})"


def _target(change: OutsideChange) -> str:
    """A secret by its name, or a role."""
    return short(change.target) if ":role/" in change.target else secret_name(change.target)


def _counted(found: Difference, outcome: Outcome) -> str:
    counts = Counter(each.direction for each in found.all)
    if not counts:
        return NOTHING
    told = [f"{counts[direction]:,} {direction.value}" for direction in Direction if counts[direction]]
    accepted = f"; {len(outcome.accepted):,} of them accepted" if outcome.accepted else ""
    return f"{', '.join(told)}{accepted}"


def _population(what: str, presences: Mapping[str, Presence]) -> Iterator[str]:
    counts = Counter(presences.values())
    told = [f"{counts[each]:,} {each.value}" for each in (Presence.NEW, Presence.GONE) if counts[each]]
    if told:
        yield f"{what}s: {', '.join(told)}"


def answer(found: Difference, outcome: Outcome, problems: Sequence[str]) -> dict[str, Any]:
    """For programs: every change, and what is only in one of the snapshots."""
    accepted = set(outcome.accepted)
    return {
        "access": [_access(each, accepted) for each in found.access],
        "outside": [_outside(each, accepted) for each in found.outside],
        "principals": _listed(found.principals),
        "secrets": _listed(found.secrets),
        "counting": len(outcome.counting),
        "unused": [vars(each) for each in outcome.unused],
        "problems": list(problems),
    }


def _access(change: Change, accepted: set[Finding]) -> dict[str, Any]:
    return {
        "change": change.direction.value,
        "principal": change.principal,
        "secret": change.secret,
        "before": change.before.word,
        "after": change.after.word,
        "path": list(change.path),
        "why": change.why,
        "principal_is": change.principal_is.value,
        "secret_is": change.secret_is.value,
        "widens": change.widens,
        "accepted": finding_of(change) in accepted,
    }


def _outside(change: OutsideChange, accepted: set[Finding]) -> dict[str, Any]:
    return {
        "change": change.direction.value,
        "kind": change.kind,
        "principal": change.principal,
        "provider": change.provider,
        "target": change.target,
        "before": change.before.word,
        "after": change.after.word,
        "widens": change.widens,
        "accepted": finding_of(change) in accepted,
    }


def _listed(presences: Mapping[str, Presence]) -> dict[str, list[str]]:
    return {
        presence.value: [arn for arn, each in presences.items() if each is presence]
        for presence in (Presence.NEW, Presence.GONE)
    }


def comment(
    found: Difference,
    outcome: Outcome,
    acceptances: Sequence[Acceptance] = (),
    problems: Sequence[str] = (),
    *,
    planned: bool = False,
    limit: int = COMMENT_CHARACTERS_MAX,
) -> str:
    """A comment on a pull request: what may be read more comes first and open, what closed is folded.

    Args:
        acceptances: the baseline, for the reasons.
        problems: what could not be foreseen or read: a reviewer has to know that.
        planned: whether the second snapshot is one that a plan foresees.
        limit: characters, counted as bytes of UTF-8.
    """
    result = Comment(limit)
    accepted = set(outcome.accepted)
    title = "who can read what after this change" if planned else "what changed in who can read what"
    result.add(f"<!-- keyplan audit diff -->\n### keyplan audit: {title}\n\n")
    told = _counted(found, outcome)
    result.add(f"**{told[:1].upper()}{told[1:]}**\n\n")
    groups = _grouped(found.all, accepted)
    heading = ("Change", "Was", "Is", "Principal", "Secret", "Through")
    for name, summary in (("wide", ""), ("narrow", "closed or no longer sure"), (_ACCEPTED, _ACCEPTED)):
        rows = groups.get(name, [])
        lines = (row(_cells(each)) for each in rows)
        if summary:
            result.folded(f"{len(rows):,} {summary}", heading, lines, len(rows), "changes")
        else:
            result.table(heading, lines, len(rows), "changes")
    _explained(result, groups.get("wide", []))
    _reasons(result, outcome, acceptances)
    summary = f"{len(problems):,} things that could not be read or foreseen: they count as unknown"
    noted = (row((words(each),)) for each in problems)
    result.folded(summary, ("What",), noted, len(problems), "of them")
    return result.text()


def _grouped(
    found: Iterable[Change | OutsideChange], accepted: set[Finding]
) -> dict[str, list[Change | OutsideChange]]:
    groups: dict[str, list[Change | OutsideChange]] = {}
    for each in found:
        name = _ACCEPTED if finding_of(each) in accepted else "wide" if each.widens else "narrow"
        groups.setdefault(name, []).append(each)
    return groups


def _cells(change: Change | OutsideChange) -> tuple[str, ...]:
    verdicts = (change.direction.value, change.before.word, change.after.word)
    if isinstance(change, OutsideChange):
        where = f"token of {code(short(change.provider))}" if change.kind == "token" else change.kind
        return (*verdicts, f"{code(change.principal)} ({where})", code(_target(change)), "-")
    way = " → ".join(code(short(each)) for each in change.path[1:]) or "-"
    return (
        *verdicts,
        code(short(change.principal)) + _mark(change.principal_is),
        code(secret_name(change.secret)) + _mark(change.secret_is),
        way,
    )


def _explained(result: Comment, wide: Sequence[Change | OutsideChange]) -> None:
    """Why whoever reads at the end of a way can: once for each of them and secret."""
    once = {
        (each.path[-1], each.secret): each
        for each in wide
        if isinstance(each, Change) and each.path and each.why
    }
    rows = (
        row((code(short(reader)), code(secret_name(secret)), words(each.why)))
        for (reader, secret), each in once.items()
    )
    result.folded("Why", ("Who reads", "Secret", "Reasons"), rows, len(once), "reasons")


def _reasons(result: Comment, outcome: Outcome, acceptances: Sequence[Acceptance]) -> None:
    """The reasons of acceptances that are in use, and those that are not."""
    idle = set(outcome.unused)
    for living, summary in ((True, "reasons of acceptances"), (False, "acceptances that meet nothing")):
        listed = [each for each in acceptances if (each not in idle) == living]
        rows = (
            row((code(short(each.principal)), code(secret_name(each.secret)), words(each.reason),
                 code(each.expires)))
            for each in listed
        )  # fmt: skip
        heading = ("Principal", "Secret", "Reason", "Until")
        result.folded(f"{len(listed):,} {summary}", heading, rows, len(listed), "acceptances")
