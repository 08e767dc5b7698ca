"""Matching of `*` and `?` as policies have them, and names indexed for it.

No regular expression is made of a policy: a hostile pattern such as `*a*a*a*b` would make one take
exponential or high polynomial time. Here the time is at most pattern times text.
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
    """Whether the whole text matches. Greedy: after a `*` that failed, only the last one is tried again."""
    if not has_wildcard(pattern):
        return unescaped(pattern) == text
    at_pattern = at_text = 0
    star, resume = -1, 0
    while at_text < len(text):
        expected = pattern[at_pattern] if at_pattern < len(pattern) else ""
        if expected == "*":
            star, resume = at_pattern, at_text
            at_pattern += 1
        elif expected == "?" or (expected and _BACK.get(expected, expected) == text[at_text]):
            at_pattern += 1
            at_text += 1
        elif star >= 0:
            resume += 1
            at_pattern, at_text = star + 1, resume
        else:
            return False
    return all(character == "*" for character in pattern[at_pattern:])


def matches_beginning(pattern: str, beginning: str) -> Match:
    """Whether the pattern matches every text, some text or no text that begins so."""
    # The places in the pattern that can be reached after the beginning: at most its length of them.
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
    rest_is_anything = any(pattern[place:].strip("*") == "" and "*" in pattern[place:] for place in states)
    return Match.ALWAYS if rest_is_anything else Match.SOMETIMES


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
