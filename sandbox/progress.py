"""How far a long command is: one line of a terminal, wiped at the end, and nothing where nobody looks."""

from __future__ import annotations

import sys

WIPE = "\r\033[K"


class Progress:
    """Counts something; a context manager that wipes its line."""

    def __init__(self, singular: str, plural: str) -> None:
        self._words = singular, plural
        self._done = 0
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._write(WIPE)

    def one_more(self, _: object = None) -> None:
        """Count one; `_` is what was done, for callers that pass it."""
        self._done += 1
        self._write(f"\r{self._done} {self._words[self._done != 1]}")

    def at(self, done: int, total: int) -> None:
        """Say how many of how many are done."""
        self._write(f"\r{self._words[0]} {done} of {total}")

    def _write(self, text: str) -> None:
        if self._shown:
            sys.stderr.write(text)
            sys.stderr.flush()
