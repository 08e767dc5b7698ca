"""PowerShell text that Windows PowerShell 5.1 and PowerShell 7 read back as exactly the same.

Text is in single quotes, where only quotes are special, and in ASCII: PowerShell decodes what a program
prints with the console's code page, and joins its lines with those of the system. Every other character is
made from its number.
Source: about_Quoting_Rules, about_Environment_Variables, about_Operator_Precedence (learn.microsoft.com);
that typographic quotes count as single quotes: PowerShell, CharTraits.cs, IsSingleQuote; checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PIECES = re.compile(r"[ -~]+|.", re.DOTALL)


def word(text: str) -> str:
    """`text` as one expression: `'it''s'`, or `('a' + [char]::ConvertFromUtf32(10) + 'b')`.

    Raises:
        ValueError: a NUL character, or half of a surrogate pair.
    """
    if "\0" in text:
        raise ValueError("a NUL character cannot be in an environment variable")
    pieces = [_piece(piece) for piece in _PIECES.findall(text)] or ["''"]
    return pieces[0] if len(pieces) == 1 and pieces[0].startswith("'") else f"({' + '.join(pieces)})"


def export(name: str, value: str) -> str:
    """`$env:NAME = 'value'`.

    Raises:
        ValueError: a name that is none, an empty value, or as `word`.
    """
    if not value:
        raise ValueError("PowerShell removes a variable that is set to nothing")
    return f"$env:{_name(name)} = {word(value)}"


def unset(names: Iterable[str]) -> str:
    """Removes the variables that are there, and says nothing of the others. ValueError as `export`."""
    items = ", ".join(f"'Env:{_name(name)}'" for name in names)
    return f"Remove-Item -ErrorAction Ignore -LiteralPath {items}"


def comment(text: str) -> str:
    """Comment lines, one per line of `text`."""
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _piece(text: str) -> str:
    if " " <= text[0] <= "~":
        return "'" + text.replace("'", "''") + "'"
    if 0xD800 <= ord(text) < 0xE000:
        raise ValueError("it is not text that UTF-8 can hold")
    return f"[char]::ConvertFromUtf32({ord(text)})"


def _name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("a name may have letters, digits and `_`, and starts with no digit")
    return name
