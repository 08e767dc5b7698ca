"""Small pieces of text that every message is made of. Pure; packed into every archive that says something."""

from __future__ import annotations

from collections.abc import Iterable


def one_line(text: str, limit: int) -> str:
    """`text` in printable ASCII on one line, at most `limit` characters.

    Everything that a stranger chose, as the name of a program that read a secret, passes through here
    before it gets into a mail: no line of the mail can then be written by somebody else.
    """
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return plain if len(plain) <= limit else plain[: limit - 3] + "..."


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Lines of a label and its text, the texts below one another."""
    rows = list(rows)
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"  {label.ljust(width)}  {text}" for label, text in rows)


def count(number: int, thing: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
