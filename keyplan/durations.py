"""Durations as a catalogue writes them: a whole number and one unit, `12h` or `90d`."""

from __future__ import annotations

import re
from dataclasses import dataclass

SECONDS_PER = {"h": 3600, "d": 86400, "w": 604800}
_FORM = re.compile(r"([1-9][0-9]{0,4})([hdw])")
ALLOWED = "a whole number and h, d or w, as in `12h`, `90d` or `2w`"


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time; compares by length."""

    seconds: int

    @classmethod
    def parse(cls, text: str) -> Duration:
        """`90d` -> 90 days. Raises ValueError, whose text says which form is allowed."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(ALLOWED)
        return cls(int(match[1]) * SECONDS_PER[match[2]])

    @property
    def days(self) -> float:
        """The length in days; a fraction where hours do not fill one."""
        return self.seconds / SECONDS_PER["d"]

    def __str__(self) -> str:
        unit = "d" if self.seconds % SECONDS_PER["d"] == 0 else "h"
        return f"{self.seconds // SECONDS_PER[unit]}{unit}"
