"""Where mistakes are collected: each with its path and, where the configuration is a file, its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from keyplan.checks.pasted import is_key_like, show
from keyplan.problem import Problem

_WORD = re.compile(r"[\w:-]+")
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Location:
    """A place in a file; line and column count from 1."""

    file: str
    line: int | None = None
    column: int | None = None


Locate = Callable[[Path], Location | None]


class Reported(Exception):  # noqa: N818  # control flow, not an error: the mistake is already in the collection
    """The value is wrong and its mistake has been reported."""


class AlreadyReported:
    """Stands where a value was that has been reported: reading it fails without a second report."""

    __slots__ = ()


ALREADY_REPORTED = AlreadyReported()


class Problems:
    """The mistakes found so far."""

    def __init__(self, locate: Locate | None = None, found_before: Problems | None = None) -> None:
        self._locate = locate
        self._found: list[Problem] = list(found_before.all()) if found_before else []

    def add(
        self,
        path: Path,
        found: str,
        allowed: str,
        suggestion: str | None = None,
        location: Location | None = None,
    ) -> None:
        """Report one mistake. `found` is text made by `show`, or words of our own: never a raw value.

        A suggestion is often made from the value: one that `show` would hide is left out.
        """
        if suggestion is not None and show(suggestion) != f"`{suggestion}`":
            suggestion = None
        place = location or self._nearest_location(path) or Location("")
        problem = Problem(
            spell(path), found, allowed, suggestion, place.file or None, place.line, place.column
        )
        if problem not in self._found:
            self._found.append(problem)

    def all(self) -> tuple[Problem, ...]:
        """Every mistake: in the order of the file where lines are known, otherwise as they were found."""
        return tuple(sorted(self._found, key=lambda problem: (problem.file or "", problem.line or 0)))

    def __bool__(self) -> bool:
        return bool(self._found)

    def _nearest_location(self, path: Path) -> Location | None:
        """Where `path` is, or what would have held it: a missing field is reported at its parent."""
        if self._locate is None:
            return None
        for length in range(len(path), -1, -1):
            location = self._locate(path[:length])
            if location is not None:
                return location
        return None


def spell(path: Path) -> str:
    """`("consumers", "evals", "tags", 0)` -> `consumers.evals.tags[0]`, with key-like steps hidden."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            # A name that is a word stands for itself; anything else is shown the way values are.
            shown = show(step)
            is_word = shown[1] == step[:1] and _WORD.fullmatch(step) is not None
            text += ("." if text else "") + (shown.strip("`") if is_word else shown)
    return text


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that `word` was probably meant to be: case, hyphens and underscores count for nothing."""
    folded = {_fold(option): option for option in options if not is_key_like(option)}
    wanted = _fold(word[:64])  # comparing is quadratic in the length
    if wanted in folded:
        return folded[wanted]
    close = difflib.get_close_matches(wanted, list(folded), n=1)
    return folded[close[0]] if close else None


def _fold(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")
