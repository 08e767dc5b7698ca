"""Spreading grants over policies, so that their sizes and their number stay inside IAM's quotas. Pure.

Knows nothing of what an item is: the caller measures. Deterministic and stable: the same items in the same
order give the same policies, so an unchanged catalogue changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from components.aws.policy.quotas import MANAGED_POLICY_CHARACTERS, QuotaExceeded

T = TypeVar("T")


@dataclass(frozen=True)
class Packing(Generic[T]):
    """Which items go into which policy, in their order."""

    inline: tuple[T, ...]  # into the role's one inline policy; empty: no inline policy
    managed: tuple[tuple[T, ...], ...]  # one entry for each managed policy, none of them empty

    @property
    def chunks(self) -> tuple[tuple[T, ...], ...]:
        """Every policy's items, the inline policy first."""
        return (self.inline, *self.managed) if self.inline else self.managed


def numbered(name: str, number: int) -> str:
    """The name of the first, second … policy of one principal: the first has no number and never gets one."""
    return name if number == 1 else f"{name}-{number}"


def pack(
    items: Sequence[T],
    size_of: Callable[[Sequence[T]], int],
    inline_room: int,
    managed_slots: int,
    subject: str,
) -> Packing[T]:
    """Fill the inline policy first, then one managed policy after the other.

    Args:
        items: what has to be granted, in the order that the policies keep.
        size_of: characters of the document that grants these items; never smaller for more items.
        inline_room: characters left for an inline policy; 0 where the principal takes none.
        managed_slots: how many managed policies may still be attached.
        subject: whose grants they are, for the message: "consumer `chat-api` of prod".

    Raises:
        QuotaExceeded: not everything fits; names the quota, its number, and how many items fit.
    """
    inline = tuple(items[: _fitting(items, size_of, inline_room)])
    rest = items[len(inline) :]
    managed: list[tuple[T, ...]] = []
    while rest:
        count = _fitting(rest, size_of, MANAGED_POLICY_CHARACTERS) if len(managed) < managed_slots else 0
        if count == 0:
            raise _exceeded(len(items) - len(rest), len(items), len(managed), managed_slots, subject)
        managed.append(tuple(rest[:count]))
        rest = rest[count:]
    return Packing(inline, tuple(managed))


def _fitting(items: Sequence[T], size_of: Callable[[Sequence[T]], int], room: int) -> int:
    """How many of the first items fit into `room`; found by halving, because each measurement renders."""
    if room <= 0:
        return 0
    return bisect_right(range(1, len(items) + 1), room, key=lambda count: size_of(items[:count]))


def _exceeded(fitted: int, wanted: int, used: int, slots: int, subject: str) -> QuotaExceeded:
    if used < slots:
        return QuotaExceeded(
            f"one grant of {subject} alone is longer than the {MANAGED_POLICY_CHARACTERS:,} characters "
            "that the quota `Managed policy length` allows",
            "shorten the secret's name, or give the key fewer replicas",
        )
    return QuotaExceeded(
        f"{subject} has {wanted} keys and only {fitted} fit into the {slots} policies that the quota "
        "`Managed policies attached to an IAM role` leaves, "
        f"at {MANAGED_POLICY_CHARACTERS:,} characters each",
        "split the consumer into two, each with a part of the keys",
    )
