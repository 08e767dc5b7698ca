"""What a change opened or closed: two snapshots compared, by the best reach of each principal to each secret.

Principals and secrets are matched by their ARNs. Pure; where the second snapshot comes from is not told here:
it may be one that a plan foresees (`keyplan.audit.planned`). In the order in which they use each other:
    change     who, what, and the verdict before and after
    side       one snapshot's answers
    access     what differs for its principals
    outside    what differs for those whose policies are not in it
"""

from __future__ import annotations

from collections.abc import Iterable

from keyplan.audit.changes.access import access_changes
from keyplan.audit.changes.change import Change, Difference, Direction, OutsideChange, Presence
from keyplan.audit.changes.outside import ANYBODY, outside_changes
from keyplan.audit.changes.side import Side
from keyplan.audit.estate import Estate
from keyplan.audit.gate import Finding
from keyplan.audit.sample_tokens import sample_probes
from keyplan.audit.snapshot import read_snapshot

__all__ = [
    "ANYBODY",
    "Change",
    "Difference",
    "Direction",
    "OutsideChange",
    "Presence",
    "changes",
    "comparable",
    "difference",
    "finding_of",
    "findings",
]
SAMPLES_MAX = 500  # each is weighed for every role


def comparable(old: object, new: object) -> tuple[Estate, Estate]:
    """The estates of two snapshots' documents, asked about the same tokens: those that either one probes or
    has in a trust.

    Raises:
        UsageError: one of them is no snapshot.
    """
    before, after = Estate(read_snapshot(old)), Estate(read_snapshot(new))
    given = [*before.snapshot.probes, *after.snapshot.probes]
    sampled = [each for each in sample_probes(before, after) if each not in given]
    if len(sampled) > SAMPLES_MAX:
        after.snapshot.problems.append(
            f"{len(sampled) - SAMPLES_MAX:,} of the trusts' tokens are not compared"
        )
    before.snapshot.probes = after.snapshot.probes = [*given, *sampled[:SAMPLES_MAX]]
    return before, after


def changes(old: Estate, new: Estate) -> list[Change]:
    """Every pair of principal and secret whose best reach differs, worst first."""
    return access_changes(Side(old), Side(new))


def difference(old: Estate, new: Estate) -> Difference:
    """Everything that differs between two estates."""
    before, after = Side(old), Side(new)
    return Difference(
        access=access_changes(before, after),
        outside=outside_changes(before, after),
        principals=_presences((each.arn for each in old.callers), (each.arn for each in new.callers)),
        secrets=_presences((each.arn for each in old.secrets), (each.arn for each in new.secrets)),
    )


def _presences(old: Iterable[str], new: Iterable[str]) -> dict[str, Presence]:
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    found = {arn: Presence.GONE for arn in before if arn not in after}
    return found | {arn: Presence.NEW for arn in after if arn not in before}


def findings(found: Difference) -> list[Finding]:
    """What widens, as findings that a baseline can accept: the code is the direction."""
    return [finding_of(each) for each in found.all if each.widens]


def finding_of(change: Change | OutsideChange) -> Finding:
    """A change as a finding of one principal and one secret; a token's target is the role."""
    code, was, now = change.direction.value, change.before.word, change.after.word
    message = f"{was} before, {now} after"
    if isinstance(change, Change):
        return Finding(code, change.principal, change.secret, now, message, change.path)
    who = f"{change.provider} {change.principal}".strip()
    return Finding(code, who, change.target, now, message)
