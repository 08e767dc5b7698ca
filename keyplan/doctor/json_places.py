"""JSON that people edit: read with or without comments, and on which line each field stands.

Pure. Nothing of the text is ever in an error.
"""

from __future__ import annotations

import json
import re
from typing import Any

# What begins and does not end is taken up to the line's or the text's end, so that reading stays linear.
_STRING = r'"(?:[^"\\\n]|\\[^\n])*"?'
_PARTS = re.compile(_STRING + r"|//[^\n]*|/\*(?:.*?\*/|.*)|[{}\[\]:,]|\n", re.DOTALL)
_TRAILING_COMMA = re.compile(_STRING + r"|,(?=\s*[}\]])")


def parse(text: str) -> tuple[dict[str, Any] | None, bool]:
    """A JSON object, and whether it is strict JSON; (None, False) where it cannot be read as one."""
    text = text.removeprefix("\ufeff")
    for candidate, strict in ((text, True), (_without_comments(text), False)):
        try:
            found = json.loads(candidate)
        except (ValueError, RecursionError):  # a number with thousands of digits is a ValueError, too
            continue
        return (found, strict) if isinstance(found, dict) else (None, False)
    return None, False


def lines(text: str) -> dict[tuple[str, ...], int]:
    """The line, from 1 on, of every field of an object that `parse` can read, by its path.

    A field inside a list has the path of the list; of a field that is there twice the last one counts, as in
    JSON itself.
    """
    found: dict[tuple[str, ...], int] = {}
    path: list[str] = []
    line, waiting = 1, ("", 1)
    depth_names: list[str | None] = []
    name: str | None = None
    for match in _PARTS.finditer(text):
        part = match[0]
        if part[0] == '"':
            waiting = (part, line)
        elif part == ":":
            name = _plain(waiting[0])
            found[(*path, name)] = waiting[1]
        elif part in "{[":
            depth_names.append(name)
            path += [name] if name is not None else []
            name = None
        elif part in "}]" and depth_names:
            if depth_names.pop() is not None:
                path.pop()
            name = None
        elif part == ",":
            name = None
        line += part.count("\n")
    return found


def _without_comments(text: str) -> str:
    bare = _PARTS.sub(lambda match: " " if match[0].startswith(("//", "/*")) else match[0], text)
    return _TRAILING_COMMA.sub(lambda match: "" if match[0] == "," else match[0], bare)


def _plain(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted.strip('"')
