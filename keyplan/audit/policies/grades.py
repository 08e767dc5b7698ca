"""The four verdicts, and sets of resources that have them.

A set is three integers whose bits are resources, each including the one before: what is allowed, what is
allowed or conditional, and what is allowed, conditional or unknown. All that a principal can reach is then a
few operations on integers, whatever the number of secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple


class Verdict(IntEnum):
    """What the snapshot says of one principal and one secret; a larger one is better access."""

    DENY = 0
    UNKNOWN = 1  # a document or a field is missing from the snapshot, or cannot be read
    CONDITIONAL = 2  # depends on what a snapshot cannot know: an address, MFA, a VPC endpoint, session tags
    ALLOW = 3

    @property
    def word(self) -> str:
        """As the result spells it."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Verdict:
        """The verdict of a word."""
        return cls[word.upper()]


class Grades(NamedTuple):
    """Resources by verdict; `allow` is within `conditional`, which is within `unknown`."""

    allow: int
    conditional: int
    unknown: int

    def meet(self, other: Grades) -> Grades:
        """What both let through: the worse verdict of each resource."""
        return Grades(
            self.allow & other.allow, self.conditional & other.conditional, self.unknown & other.unknown
        )

    def join(self, other: Grades) -> Grades:
        """What either lets through: the better verdict of each resource."""
        return Grades(
            self.allow | other.allow, self.conditional | other.conditional, self.unknown | other.unknown
        )

    def within(self, mask: int) -> Grades:
        """The same for the resources of `mask`; the others are denied."""
        return Grades(self.allow & mask, self.conditional & mask, self.unknown & mask)

    def inverted(self, everything: int) -> Grades:
        """Allowed becomes denied and the other way round; what is open stays open as it was."""
        surely, openly = self.allow, self.conditional & ~self.allow
        unknown = self.unknown & ~self.conditional
        nothing = everything & ~self.unknown
        return Grades(nothing, nothing | openly, everything & ~surely & (nothing | openly | unknown))

    def verdict(self, bit: int) -> Verdict:
        """The verdict of one resource, given as its bit."""
        if self.allow & bit:
            return Verdict.ALLOW
        if self.conditional & bit:
            return Verdict.CONDITIONAL
        return Verdict.UNKNOWN if self.unknown & bit else Verdict.DENY

    def at(self, verdict: Verdict) -> int:
        """The resources that have this verdict or a better one."""
        return (self.unknown, self.unknown, self.conditional, self.allow)[verdict]


NOTHING = Grades(0, 0, 0)


def everywhere(mask: int, verdict: Verdict = Verdict.ALLOW) -> Grades:
    """All resources of a mask with one verdict."""
    return Grades(
        mask if verdict >= Verdict.ALLOW else 0,
        mask if verdict >= Verdict.CONDITIONAL else 0,
        mask if verdict >= Verdict.UNKNOWN else 0,
    )


def positions(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, from the lowest; in time linear to the integer's length."""
    for byte_number, byte in enumerate(mask.to_bytes((mask.bit_length() + 7) // 8, "little")):
        while byte:
            low = byte & -byte
            yield byte_number * 8 + low.bit_length() - 1
            byte ^= low
