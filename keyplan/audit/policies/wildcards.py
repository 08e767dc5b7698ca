"""Matching of `*` and `?` as policies have them, and names indexed for it.

No regular expression is made of a policy: a hostile pattern such as `*a*a*a*b` would make one take
exponential or high polynomial time. Here each piece between stars is looked for once.
Source: IAM User Guide, "IAM JSON policy elements: Resource" and "String condition operators" (checked
2026-11-21): `*` is any number of characters, also none and also colons and slashes; `?` is one character.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from enum import Enum

# Where policy variables stand for the characters themselves: `${*}`, `${?}`, `${$}`.
LITERAL = {"*": "\ue000", "?": "\ue001", "$": "\ue002"}
_BACK = {private: character for character, private in LITERAL.items()}


class Match(Enum):
    """Whether a pattern matches a text of which only the beginning is known."""

    NEVER = 0
    SOMETIMES = 1
    ALWAYS = 2


def unescaped(pattern: str) -> str:
    """A pattern without wildcards, as the text that it matches."""
    for private, character in _BACK.items():
        pattern = pattern.replace(private, character)
    return pattern


def has_wildcard(pattern: str) -> bool:
    """Whether a pattern can match several texts."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches.

    The pieces between the stars are looked for from the left, each at its first place: a later place of one
    leaves less room for the next, so that none is tried twice.
    """
    if "*" not in pattern:
        return len(pattern) == len(text) and _stands_at(pattern, text, 0)
    if len(pattern) - pattern.count("*") > len(text):
        return False
    first, *middle, last = pattern.split("*")
    end = len(text) - len(last)
    if not _stands_at(first, text, 0) or not _stands_at(last, text, end):
        return False
    at = len(first)
    for piece in middle:
        if piece:
            found = _place_of(piece, text, at, end)
            if found < 0:
                return False
            at = found + len(piece)
    return at <= end


def _stands_at(piece: str, text: str, at: int) -> bool:
    """Whether a piece without stars stands at one place."""
    if "?" not in piece:
        return text.startswith(unescaped(piece), at)
    return all(
        expected in ("?", text[at + number]) or _BACK.get(expected) == text[at + number]
        for number, expected in enumerate(piece)
    )


def _place_of(piece: str, text: str, begin: int, end: int) -> int:
    """The first place of a piece without stars, or -1."""
    if "?" not in piece:
        return text.find(unescaped(piece), begin, end)
    # The longest run of plain characters is looked for at C's speed; the rest is compared around it.
    runs = piece.split("?")
    longest = max(runs, key=len)
    before = sum(len(run) + 1 for run in runs[: runs.index(longest)])
    plain = unescaped(longest)
    at = begin
    while at + len(piece) <= end:
        found = text.find(plain, at + before, end) - before
        if found < at:
            return -1
        if found + len(piece) <= end and _stands_at(piece, text, found):
            return found
        at = found + 1
    return -1


SEGMENTS = 5  # of an ARN, in which a wildcard stays; what follows the fifth colon names the resource


def within_segments(pattern: str, text: str) -> bool:
    """Whether an ARN matches without a wildcard that crosses a colon where AWS's document keeps it from it.

    Source: IAM User Guide, "IAM JSON policy elements: Resource", "Using wildcards in resource ARNs" (checked
    2026-11-22): wildcards are for one segment; a `*` that ends its segment may run over the colon.
    """
    states = {(0, 0)}
    for character in text:
        following = set()
        for place, colons in _after_stars(pattern, states):
            if place == len(pattern):
                continue
            expected = pattern[place]
            free = character != ":" or colons >= SEGMENTS
            if expected == "*":
                if free or pattern[place + 1 : place + 2] in ("", ":"):
                    following.add((place, colons))
            elif (expected == "?" and free) or _BACK.get(expected, expected) == character:
                following.add((place + 1, colons + (expected == ":")))
        states = following
        if not states:
            return False
    return any(place == len(pattern) for place, _ in _after_stars(pattern, states))


def _after_stars(pattern: str, states: set[tuple[int, int]]) -> set[tuple[int, int]]:
    found = set(states)
    for place, colons in states:
        while place < len(pattern) and pattern[place] == "*":
            place += 1
            found.add((place, colons))
    return found


def may_cross(pattern: str) -> bool:
    """Whether an ARN has, before its fifth colon, a wildcard that must stay in its segment."""
    if not pattern.startswith("arn:"):
        return False  # a `*` alone, or a text that AWS takes in no Resource
    head = ":".join(pattern.split(":", SEGMENTS)[:SEGMENTS])
    if "?" in head:
        return True
    at = head.find("*")
    while at >= 0:
        if pattern[at + 1 : at + 2] not in ("", ":"):
            return True
        at = head.find("*", at + 1)
    return False


def matches_beginning(pattern: str, beginning: str) -> Match:
    """Whether the pattern matches every text, some text or no text that begins so."""
    # The places in the pattern that can be reached after the beginning: at most its length of them.
    pattern = _with_single_stars(pattern)
    states = _closed(pattern, {0})
    for character in beginning:
        states = _closed(
            pattern,
            {
                place if pattern[place] == "*" else place + 1
                for place in states
                if place < len(pattern)
                and (pattern[place] in "*?" or _BACK.get(pattern[place], pattern[place]) == character)
            },
        )
        if not states:
            return Match.NEVER
    rest_is_anything = pattern.endswith("*") and len(pattern) - 1 in states
    return Match.ALWAYS if rest_is_anything else Match.SOMETIMES


def _with_single_stars(pattern: str) -> str:
    """The same pattern, in which no star follows another."""
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    return pattern


def _closed(pattern: str, places: set[int]) -> set[int]:
    found = set(places)
    for place in places:
        at = place
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            found.add(at)
    return found


def without_wildcards(text: str) -> str:
    """A pattern that matches this text alone."""
    return text.replace("*", LITERAL["*"]).replace("?", LITERAL["?"])


def literal_beginning(pattern: str) -> str:
    """What every text that matches begins with."""
    ends = [at for at in (pattern.find("*"), pattern.find("?")) if at >= 0]
    return unescaped(pattern[: min(ends)] if ends else pattern)


class Index:
    """Texts by their position, so that a pattern is compared only with those that begin as it does."""

    def __init__(self, places: Mapping[str, int], everything: int) -> None:
        self._places = places
        self._texts = sorted(places)
        self._found: dict[str, int] = {}
        self.everything = everything

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> Index:
        """The index of texts by their number; the same text may stand several times."""
        places: dict[str, int] = {}
        for position, text in enumerate(texts):
            places[text] = places.get(text, 0) | (1 << position)
        return cls(places, (1 << len(texts)) - 1)

    def crossing(self, pattern: str) -> int:
        """Of the positions that match: those that do it by a wildcard which should stay in its segment."""
        if not has_wildcard(pattern) or not may_cross(pattern):
            return 0
        key = f"crossing {pattern}"
        mask = self._found.get(key)
        if mask is None:
            single = _with_single_stars(pattern)
            mask = self._found[key] = self.passing(
                literal_beginning(pattern),
                lambda text: matches(pattern, text) and not within_segments(single, text),
            )
        return mask

    def matching(self, pattern: str) -> int:
        """The positions of the texts that match, as bits."""
        if pattern == "*":
            return self.everything
        if not has_wildcard(pattern):
            return self._places.get(unescaped(pattern), 0)
        mask = self._found.get(pattern)
        if mask is None:
            mask = self._found[pattern] = self.passing(
                literal_beginning(pattern), lambda text: matches(pattern, text)
            )
        return mask

    def passing(self, beginning: str, test: Callable[[str], bool]) -> int:
        """The positions of the texts that begin so and pass a test."""
        mask = 0
        for number in range(bisect_left(self._texts, beginning), len(self._texts)):
            text = self._texts[number]
            if not text.startswith(beginning):
                break
            if test(text):
                mask |= self._places[text]
        return mask
