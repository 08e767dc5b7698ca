"""One mistake of a catalogue, as checks report it and errors carry it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake of a catalogue. No field ever holds a key's value."""

    path: str  # where in the configuration: `keys.anthropic.rotateEvery`; empty for the file as a whole
    found: str
    allowed: str
    suggestion: str | None = None  # the nearest right spelling
    file: str | None = None
    line: int | None = None  # counted from 1
    column: int | None = None  # counted from 1; only where a file is not even YAML

    def __str__(self) -> str:
        """`FILE:LINE: path: found …; allowed: …; did you mean …?`, on one line."""
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        place = ":".join([self.file, *numbers]) if self.file else ""
        text = f"found {self.found}; allowed: {self.allowed}"
        if self.suggestion is not None:
            text += f"; did you mean `{self.suggestion}`?"
        return ": ".join(part for part in (place, self.path, text) if part)
