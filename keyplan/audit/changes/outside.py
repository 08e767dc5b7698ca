"""What differs for those whose own policies are in neither snapshot: outsiders, and tokens of providers."""

from __future__ import annotations

from collections.abc import Iterator

from keyplan.audit.changes.change import OutsideChange
from keyplan.audit.changes.side import Side
from keyplan.audit.gate.tokens import STRANGER
from keyplan.audit.outsiders import oidc_verdicts, outsiders, takers
from keyplan.audit.policies.grades import Verdict, positions

ANYBODY = "anybody's job"  # whose tokens no trust should take


def outside_changes(old: Side, new: Side) -> list[OutsideChange]:
    """Every outsider and target of whom the verdict differs, worst first."""
    return sorted(_changes(old, new), key=_order)


def _order(change: OutsideChange) -> tuple[object, ...]:
    return (*change.severity, change.kind, change.principal, change.target, change.provider)


def _changes(old: Side, new: Side) -> Iterator[OutsideChange]:
    before, after = _verdicts(old), _verdicts(new)
    for place in dict.fromkeys((*before, *after)):
        kind, principal, target, provider = place
        in_both = target in old.number_of and target in new.number_of
        if kind == "service" and ":role/" in target and not in_both:
            continue  # a role is made for a service: it is told as a principal that is new
        was, now = before.get(place, Verdict.DENY), after.get(place, Verdict.DENY)
        if was is not now:
            yield OutsideChange(principal, kind, target, was, now, provider)


def _verdicts(side: Side) -> dict[tuple[str, str, str, str], Verdict]:
    """By kind, name, target and provider: the verdicts of secrets' policies, and of the trusts of roles that
    get to a secret.
    """
    estate, reaching = side.estate, side.reaching()
    found: dict[tuple[str, str, str, str], Verdict] = {}
    for each in outsiders(estate):
        found[each["kind"], each["principal"], each["secret"], ""] = Verdict.of(each["verdict"])
    for taker, grades in takers(estate):
        for position in positions(grades.unknown & reaching):
            verdict = grades.verdict(1 << position)
            found[taker.kind, taker.name, estate.roles[position].arn, ""] = verdict
    roles = {estate.roles[position].arn for position in positions(reaching)}
    for each in oidc_verdicts(estate):
        if each["role"] in roles:
            whose = ANYBODY if STRANGER in each["sub"] else each["sub"]
            place = ("token", whose, each["role"], each["provider"])
            found[place] = max(found.get(place, Verdict.DENY), Verdict.of(each["verdict"]))
    return found
