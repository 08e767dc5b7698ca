"""What differs for principals: whole sets of secrets are compared, a principal at a time.

Only what differs gets a path and reasons, so that a large account costs little more than weighing it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from keyplan.audit.arns import arn_part
from keyplan.audit.changes.change import Change, Direction, Presence, direction_of
from keyplan.audit.changes.side import Side
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere, positions


def access_changes(old: Side, new: Side) -> list[Change]:
    """Every pair of principal and secret whose best reach differs, worst first."""
    return sorted(_Comparison(old, new).changes(), key=_order)


def _order(change: Change) -> tuple[object, ...]:
    return (*change.severity, len(change.path), change.principal, change.secret)


class _Comparison:
    """Two sides whose secrets have one numbering: the old one's, then those that are new."""

    def __init__(self, old: Side, new: Side) -> None:
        self._old, self._new = old, new
        self._arns = list(dict.fromkeys((*old.secrets, *new.secrets)))
        place = {arn: number for number, arn in enumerate(self._arns)}
        self._of_new = _translation([place[arn] for arn in new.secrets])
        self._in_old = {arn: number for number, arn in enumerate(old.secrets)}
        self._in_new = {arn: number for number, arn in enumerate(new.secrets)}
        self._unlisted_before = self._unlisted(old, self._in_old)
        self._unlisted_after = self._unlisted(new, self._in_new)

    def _unlisted(self, side: Side, known: Mapping[str, int]) -> int:
        """The secrets that a snapshot does not have because nobody could list them."""
        if ("", "secrets") not in side.estate.snapshot.gaps:
            return 0
        return sum(1 << place for place, arn in enumerate(self._arns) if arn not in known)

    def changes(self) -> Iterator[Change]:
        """In no order. Whoever is in one snapshot alone has nothing in the other."""
        found: list[tuple[Change, Side, tuple[int, int]]] = []
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
    ) -> Iterator[tuple[Change, Side, tuple[int, int]]]:
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


def _absent(side: Side, arn: str, elsewhere: Grades | None) -> Grades:
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


def _with_reasons(found: Sequence[tuple[Change, Side, tuple[int, int]]]) -> Iterator[Change]:
    """Each last reader is explained once, for all of its secrets together."""
    wanted: dict[Side, dict[int, int]] = {}
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
