"""What a change is: who, what, and the verdict before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from keyplan.audit.policies.grades import Verdict


class Direction(Enum):
    """Where a verdict went; in the order in which people want to see them."""

    OPENED = "opened"  # access, or better access, than before
    UNCLEAR = "unclear"  # the second snapshot does not say: a document is missing from it
    CLOSED = "closed"


class Presence(Enum):
    """In which of the two snapshots something is."""

    BOTH = "both"
    NEW = "new"
    GONE = "gone"


class _Weighed:
    """What the two verdicts of a change say together."""

    before: Verdict
    after: Verdict

    @property
    def direction(self) -> Direction:
        """Where the verdict went."""
        return direction_of(self.before, self.after)

    @property
    def widens(self) -> bool:
        """Whether there is, or may be, more access than before; what was allowed cannot become more."""
        return self.after > self.before or (
            self.after is Verdict.UNKNOWN and self.before is not Verdict.ALLOW
        )

    @property
    def severity(self) -> tuple[int, int, int]:
        """The order in which people want to see changes: what opened first, then the greatest steps."""
        return (list(Direction).index(self.direction), -self.after, self.before)


@dataclass(frozen=True)
class Change(_Weighed):
    """One principal's best access to one secret, before and after.

    `path` is the way after for what opened or is unclear, and the way before for what closed or is not in the
    second snapshot; `why` is about its last step. Who or what is in one of the snapshots alone has `deny` in
    the other, and `unknown` where that one could not list them.
    """

    principal: str
    secret: str
    before: Verdict
    after: Verdict
    path: tuple[str, ...]
    why: str = ""
    principal_is: Presence = Presence.BOTH
    secret_is: Presence = Presence.BOTH


@dataclass(frozen=True)
class OutsideChange(_Weighed):
    """The same for somebody whose own policies are in neither snapshot: another account, a service,
    everybody, or a token of an identity provider. The target is a secret that they read, or a role that they
    become and that gets to one.
    """

    principal: str  # as the policy names it; of a token, its subject
    kind: str  # as `external` of the result has it, or `token`
    target: str  # the secret's ARN, or the role's
    before: Verdict
    after: Verdict
    provider: str = ""  # of a token


@dataclass(frozen=True)
class Difference:
    """Everything that differs, worst first."""

    access: Sequence[Change]
    outside: Sequence[OutsideChange]
    principals: Mapping[str, Presence]  # ARNs that are in one snapshot alone
    secrets: Mapping[str, Presence]

    @property
    def all(self) -> tuple[Change | OutsideChange, ...]:
        """Every change of access, whoever it is about."""
        return (*self.access, *self.outside)


def direction_of(before: Verdict, after: Verdict) -> Direction:
    """Where a verdict went, if it changed."""
    if after is Verdict.UNKNOWN:
        return Direction.UNCLEAR
    return Direction.OPENED if after > before else Direction.CLOSED
