"""Whose policies somebody may change, as sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from keyplan.audit.changers.tagging import Powers, either

Key = TypeVar("Key")


@dataclass(frozen=True)
class Hands:
    """What may be changed of principals (by number), of groups and of managed policies, as sets."""

    adds: int = 0  # principals that may be given any permission
    inline: int = 0  # those whose own inline policies may be taken away
    boundary: int = 0
    groups_inline: int = 0
    leaves: int = 0  # groups that users may be taken out of
    versions: int = 0  # managed policies that may be rewritten
    detaches: Mapping[str, int] = field(default_factory=dict)  # by the policy's ARN, from which principals
    groups_detach: Mapping[str, int] = field(default_factory=dict)
    gains: Mapping[int, int] = field(default_factory=dict)  # by number of the policy, by which principals
    tags: Powers = ()  # over principals' tags

    def __bool__(self) -> bool:
        return (
            bool(self.tags)
            or any((self.adds, self.inline, self.boundary, self.groups_inline, self.leaves, self.versions))
            or any(mask for each in (self.detaches, self.groups_detach, self.gains) for mask in each.values())
        )

    def key(self) -> tuple[object, ...]:
        """What tells it from others."""
        many = (self.detaches, self.groups_detach, self.gains)
        plain = (self.adds, self.inline, self.boundary, self.groups_inline, self.leaves, self.versions)
        return (self.tags, *plain, *(tuple(each.items()) for each in many))

    def join(self, other: Hands) -> Hands:
        """What either may change."""
        return Hands(
            self.adds | other.adds,
            self.inline | other.inline,
            self.boundary | other.boundary,
            self.groups_inline | other.groups_inline,
            self.leaves | other.leaves,
            self.versions | other.versions,
            _either(self.detaches, other.detaches),
            _either(self.groups_detach, other.groups_detach),
            _either(self.gains, other.gains),
            either(self.tags, other.tags),
        )

    def of_policies(self) -> Hands:
        """The same without tags."""
        return replace(self, tags=()) if self.tags else self

    def of_tags(self) -> Hands:
        """Tags alone."""
        return Hands(tags=self.tags)


def _either(one: Mapping[Key, int], other: Mapping[Key, int]) -> dict[Key, int]:
    return {key: one.get(key, 0) | other.get(key, 0) for key in (*one, *other)}
