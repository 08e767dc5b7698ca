"""What a change opened or closed: two snapshots compared, by the best reach of each principal to each secret.

Principals and secrets are matched by their ARNs. Whole sets of secrets are compared, so that a large account
costs little more than weighing it twice; only what differs gets a path and reasons. Pure; where the second
snapshot comes from is not told here: it may be one that a plan foresees (`keyplan.audit.planned`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

from keyplan.audit.arns import arn_part
from keyplan.audit.chains import Reach, reached, reaches
from keyplan.audit.estate import Estate
from keyplan.audit.gate import Finding
from keyplan.audit.gate.tokens import STRANGER
from keyplan.audit.matrix import graph_of, reasons_by_secret
from keyplan.audit.outsiders import oidc_verdicts, outsiders, takers
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere, positions
from keyplan.audit.sample_tokens import sample_probes
from keyplan.audit.snapshot import read_snapshot

SAMPLES_MAX = 500  # each is weighed for every role
ANYBODY = "anybody's job"  # whose tokens no trust should take


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


@dataclass(frozen=True)
class Change:
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

    @property
    def direction(self) -> Direction:
        return direction_of(self.before, self.after)

    @property
    def widens(self) -> bool:
        return widens(self.before, self.after)


@dataclass(frozen=True)
class OutsideChange:
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

    @property
    def direction(self) -> Direction:
        return direction_of(self.before, self.after)

    @property
    def widens(self) -> bool:
        return widens(self.before, self.after)


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


def widens(before: Verdict, after: Verdict) -> bool:
    """Whether there is, or may be, more access than before; what was allowed cannot become more."""
    return after > before or (after is Verdict.UNKNOWN and before is not Verdict.ALLOW)


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
    return _access(_Side(old), _Side(new))


def difference(old: Estate, new: Estate) -> Difference:
    """Everything that differs between two estates."""
    before, after = _Side(old), _Side(new)
    return Difference(
        access=_access(before, after),
        outside=sorted(_outside(before, after), key=_outside_order),
        principals=_presences((each.arn for each in old.callers), (each.arn for each in new.callers)),
        secrets=_presences((each.arn for each in old.secrets), (each.arn for each in new.secrets)),
    )


def _access(old: _Side, new: _Side) -> list[Change]:
    return sorted(_Comparison(old, new).changes(), key=_order)


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


def _order(change: Change) -> tuple[object, ...]:
    severity = _severity(change.before, change.after)
    return (*severity, len(change.path), change.principal, change.secret)


def _outside_order(change: OutsideChange) -> tuple[object, ...]:
    severity = _severity(change.before, change.after)
    return (*severity, change.kind, change.principal, change.target, change.provider)


def _severity(before: Verdict, after: Verdict) -> tuple[int, int, int]:
    return (list(Direction).index(direction_of(before, after)), -after, before)


def _presences(old: Iterable[str], new: Iterable[str]) -> dict[str, Presence]:
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    found = {arn: Presence.GONE for arn in before if arn not in after}
    return found | {arn: Presence.NEW for arn in after if arn not in before}


class _Side:
    """One snapshot's answers; reasons are found for those alone that are asked for."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.graph = graph_of(estate)
        self.number_of = {caller.arn: number for number, caller in enumerate(estate.callers)}
        self.secrets = [secret.arn for secret in estate.secrets]
        self._ways: dict[int, dict[int, Reach]] = {}

    def grades(self, arn: str) -> Grades | None:
        """What a principal gets to, by this side's numbers; None if it is not here."""
        number = self.number_of.get(arn)
        return None if number is None else self._reached[number]

    @cached_property
    def _reached(self) -> list[Grades]:
        return reached(self.graph)

    def reaching(self) -> int:
        """The roles that get to a secret, by their own positions."""
        roles = enumerate(self.graph.role_number)
        return sum(1 << position for position, number in roles if self._reached[number].unknown)

    def way(self, number: int, secret: int) -> tuple[int, ...]:
        """A shortest path of the best verdict, as numbers of principals."""
        if number not in self._ways:
            self._ways = {number: {each.secret: each for each in reaches(self.graph, number)}}
        return self._ways[number][secret].path

    def reasons(self, wanted: Mapping[int, int]) -> dict[tuple[int, int], str]:
        """Why the last ones of paths read: by principal and secret.

        Args:
            wanted: the secrets, as bits, by principal.
        """
        return {
            (number, secret): why
            for number, mask in wanted.items()
            for secret, why in reasons_by_secret(self.estate, self.estate.callers[number], mask).items()
        }


class _Comparison:
    """Two sides whose secrets have one numbering: the old one's, then those that are new."""

    def __init__(self, old: _Side, new: _Side) -> None:
        self._old, self._new = old, new
        self._arns = list(dict.fromkeys((*old.secrets, *new.secrets)))
        place = {arn: number for number, arn in enumerate(self._arns)}
        self._of_new = _translation([place[arn] for arn in new.secrets])
        self._in_old = {arn: number for number, arn in enumerate(old.secrets)}
        self._in_new = {arn: number for number, arn in enumerate(new.secrets)}
        self._unlisted_before = self._unlisted(old, self._in_old)
        self._unlisted_after = self._unlisted(new, self._in_new)

    def _unlisted(self, side: _Side, known: Mapping[str, int]) -> int:
        """The secrets that a snapshot does not have because nobody could list them."""
        if ("", "secrets") not in side.estate.snapshot.gaps:
            return 0
        return sum(1 << place for place, arn in enumerate(self._arns) if arn not in known)

    def changes(self) -> Iterator[Change]:
        """In no order. Whoever is in one snapshot alone has nothing in the other."""
        found: list[tuple[Change, _Side, tuple[int, int]]] = []
        for arn in dict.fromkeys((*self._old.number_of, *self._new.number_of)):
            before, after = self._old.grades(arn), self._new.grades(arn)
            if after is not None:
                after = Grades(*map(self._of_new, after))
            before = _absent(self._old, arn, after) if before is None else before
            after = _absent(self._new, arn, before) if after is None else after
            before, after = (
                before.join(everywhere(after.unknown & self._unlisted_before, Verdict.UNKNOWN)),
                after.join(everywhere(before.unknown & self._unlisted_after, Verdict.UNKNOWN)),
            )
            if before != after:
                found.extend(self._of_principal(arn, before, after))
        yield from _with_reasons(found)

    def _of_principal(
        self, arn: str, before: Grades, after: Grades
    ) -> Iterator[tuple[Change, _Side, tuple[int, int]]]:
        differing = 0
        for one, other in zip(before, after, strict=True):
            differing |= one ^ other
        for place in positions(differing):
            was, now = before.verdict(1 << place), after.verdict(1 << place)
            secret = self._arns[place]
            seen_after = arn in self._new.number_of and secret in self._in_new
            closed = direction_of(was, now) is Direction.CLOSED or not seen_after
            side, numbers = (self._old, self._in_old) if closed else (self._new, self._in_new)
            way = side.way(side.number_of[arn], numbers[secret])
            change = Change(
                arn, secret, was, now, tuple(side.estate.callers[step].arn for step in way), "",
                _presence(arn, self._old.number_of, self._new.number_of),
                _presence(secret, self._in_old, self._in_new),
            )  # fmt: skip
            yield change, side, (way[-1], numbers[secret])


def _absent(side: _Side, arn: str, elsewhere: Grades | None) -> Grades:
    """What a principal that a snapshot does not have gets to there: nothing, if it was looked for."""
    snapshot, account = side.estate.snapshot, arn_part(arn, 4)
    listing = "UserDetailList" if arn_part(arn, 5).startswith("user/") else "RoleDetailList"
    if elsewhere is None or (account in snapshot.details and (account, listing) not in snapshot.gaps):
        return NOTHING
    return everywhere(elsewhere.unknown, Verdict.UNKNOWN)


def _presence(arn: str, old: Mapping[str, int], new: Mapping[str, int]) -> Presence:
    if arn not in old:
        return Presence.NEW
    return Presence.BOTH if arn in new else Presence.GONE


def _with_reasons(found: Sequence[tuple[Change, _Side, tuple[int, int]]]) -> Iterator[Change]:
    """Each last reader is explained once, for all of its secrets together."""
    wanted: dict[_Side, dict[int, int]] = {}
    for _, side, (reader, secret) in found:
        masks = wanted.setdefault(side, {})
        masks[reader] = masks.get(reader, 0) | 1 << secret
    words = {side: side.reasons(masks) for side, masks in wanted.items()}
    for change, side, place in found:
        yield replace(change, why=words[side].get(place, ""))


def _translation(places: Sequence[int]) -> Callable[[int], int]:
    """From one numbering of secrets to another, for whole sets.

    Args:
        places: the other number of each.
    """
    if list(places) == list(range(len(places))):
        return lambda mask: mask
    size = max(places) + 1
    known: dict[int, int] = {}

    def translated(mask: int) -> int:
        if mask not in known:
            digits = bytearray(b"0" * size)
            for position in positions(mask):
                digits[size - 1 - places[position]] = 49  # "1"
            known[mask] = int(digits, 2)
        return known[mask]

    return translated


def _outside(old: _Side, new: _Side) -> Iterator[OutsideChange]:
    before, after = _outside_verdicts(old), _outside_verdicts(new)
    for place in dict.fromkeys((*before, *after)):
        kind, principal, target, provider = place
        in_both = target in old.number_of and target in new.number_of
        if kind == "service" and ":role/" in target and not in_both:
            continue  # a role is made for a service: it is told as a principal that is new
        was, now = before.get(place, Verdict.DENY), after.get(place, Verdict.DENY)
        if was is not now:
            yield OutsideChange(principal, kind, target, was, now, provider)


def _outside_verdicts(side: _Side) -> dict[tuple[str, str, str, str], Verdict]:
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
