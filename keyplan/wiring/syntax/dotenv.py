"""Dotenv lines that python-dotenv, dotenv for Node, Node itself and `sh` read back as exactly the same text.

The readers disagree about nearly everything but two forms, so only these are written. What neither form can
hold is refused in words: a value that one reader changes is worse than no file.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# python-dotenv replaces `${NAME}` in every form, also between single quotes.
_EXPANDED = "${"


def assignment(name: str, value: str) -> str:
    """`NAME='value'`, without a line break.

    Raises:
        ValueError: the readers would not agree on this value; the text says why, and never shows the value.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError("a name may have letters, digits and `_`, and starts with no digit")
    mistake = _unreadable(value)
    if mistake:
        raise ValueError(mistake)
    if "'" not in value:
        return f"{name}='{value}'"
    return f'{name}="{value}"'


def comment(text: str) -> str:
    """Comment lines, one per line of `text`."""
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _unreadable(value: str) -> str | None:
    if "\0" in value:
        return "a NUL character cannot be in an environment variable"
    if "\n" in value or "\r" in value:
        return "readers disagree about a line break inside a value"
    if any(0xD800 <= ord(character) < 0xE000 for character in value):
        return "it is not text that UTF-8 can hold"
    if _EXPANDED in value:
        return "python-dotenv replaces `${…}` even between quotes"
    if "'" in value:
        # Double quotes are the only form left, and there `sh` changes these and the others do not.
        found = [words for sign, words in _CHANGED_IN_DOUBLE_QUOTES.items() if sign in value]
        return f"beside a single quote, readers disagree about {found[0]}" if found else None
    if "\\\\" in value:
        return "python-dotenv reads two backslashes as one"
    if value.endswith("\\"):
        return "a backslash at the end would hide the closing quote"
    return None


_CHANGED_IN_DOUBLE_QUOTES = {
    '"': "a double quote",
    "\\": "a backslash",
    "$": "a dollar sign",
    "`": "a backquote",
}
