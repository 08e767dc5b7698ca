"""The gate's findings for a terminal: what is said alike of several secrets is said once.

What a gap of the snapshot leaves open is said once for all whom it concerns: one policy that could not be
read makes everybody's access unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keyplan.audit.baseline import ALL, Acceptance, Outcome, expired
from keyplan.audit.gate import Finding
from keyplan.audit.reports.names import secret_name, short

NAMES_SHOWN_MAX = 10


def lines(outcome: Outcome) -> Iterator[str]:
    """The findings that count, then how many do and how many do not."""
    for same in _alike(outcome.counting):
        first = same[0]
        principals = list(dict.fromkeys(short(each.principal) for each in same))
        yield f"{first.code} ({first.verdict}): {_listed(principals)}"
        yield f"  {first.message}"
        yield f"  {_listed(list(dict.fromkeys(secret_name(each.secret) for each in same)))}"
        if len(first.path) > 1 and len(principals) == 1:
            yield f"  {' > '.join(map(short, first.path))}"
    counting, living = len(outcome.counting), len(outcome.accepted)
    accepted = f", {living} accepted" if living else ""
    yield f"{counting or 'no'} finding{'' if counting == 1 else 's'}{accepted}"


def _alike(found: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Findings that are told at once, in the order of the first of each."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in found:
        about: tuple[object, ...] = (each.principal, each.path)
        if each.verdict == "unknown" and len(each.path) == 1:
            about = ()
        groups.setdefault((each.code, each.verdict, each.message, about), []).append(each)
    yield from groups.values()


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN_MAX
    return f"{', '.join(names[:NAMES_SHOWN_MAX])}{f' and {more} more' if more > 0 else ''}"


def about_baseline(outcome: Outcome, today: str) -> Iterator[str]:
    """What somebody has to know of the acceptances: over, about to be, and met by nothing."""
    for each in outcome.unused:
        if expired(each, today):
            yield (
                f"{_named(each)} ended on {each.expires}: take the access away, or accept it anew with its "
                "reason"
            )
        else:
            yield f"{_named(each)} meets no finding any more: take it out of the baseline"
    for each in outcome.expiring:
        yield f"{_named(each)} ends on {each.expires}"


def _named(acceptance: Acceptance) -> str:
    secret = "every secret" if acceptance.secret == ALL else secret_name(acceptance.secret)
    return f"the acceptance of {acceptance.code} for {short(acceptance.principal)} and {secret}"
