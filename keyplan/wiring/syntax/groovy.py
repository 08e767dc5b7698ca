"""Groovy text that Jenkins reads back as exactly the same: strings in single quotes, and comments.

Between single quotes nothing is replaced; `$` and `{` stand for themselves. Written in printable ASCII, so
that no encoding of a file or a server changes a character.

Source: Groovy documentation, "Syntax", 4.1 to 4.3 (strings in single and triple single quotes, escapes,
Unicode escapes); Jenkins runs Groovy 2.4 (checked 2026-11-21).
"""

from __future__ import annotations

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def literal(text: str) -> str:
    """`text` as a string on one line.

    Raises:
        ValueError: a lone surrogate, which is no character.
    """
    return "'" + "".join(map(_escaped, text)) + "'"


def block(text: str) -> str:
    """`text` as a string in triple quotes, its lines as they are: a script. ValueError as `literal`."""
    return "'''" + "\n".join("".join(map(_escaped, line)) for line in text.split("\n")) + "'''"


def comment(text: str, indent: str = "") -> str:
    """Comment lines, one per line of `text`, which has no backslash: `\\u` would be read even there."""
    return "".join(f"{indent}// {line}".rstrip() + "\n" for line in text.splitlines())


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if " " <= character <= "~":
        return character
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        raise ValueError("a lone surrogate is no character")
    # A string of Java's is made of UTF-16 units.
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
