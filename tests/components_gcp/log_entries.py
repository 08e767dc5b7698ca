"""A small reader of the part of the Logging query language that the components write; anything else fails.

Its own reading of the language's documentation, on purpose: it shares nothing with the code that writes the
filters. `=` pays no regard to capitals, `:` asks for a part, `=~` searches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<sign>=~|>=|=|:|[()])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t"}
SEVERITIES = ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"]


def matches(query: str, entry: Mapping[str, Any]) -> bool:
    """Whether a log entry is found by a query."""
    reader = _Reader(query, entry)
    found = reader.either()
    if reader.rest:
        raise ValueError(f"not a query of ours: {reader.rest[0]}")
    return found


class _Reader:
    def __init__(self, query: str, entry: Mapping[str, Any]) -> None:
        self.entry, self.rest, position = entry, [], 0  # type: Mapping[str, Any], list[tuple[str, str]], int
        while position < len(query):
            match = _TOKEN.match(query, position)
            if match is None or match.lastgroup is None:
                raise ValueError(f"not a query at {position}: {query[position : position + 40]!r}")
            self.rest.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()

    def take(self, text: str) -> bool:
        if self.rest and self.rest[0][0] != "string" and self.rest[0][1] == text:
            self.rest.pop(0)
            return True
        return False

    def either(self) -> bool:
        values = [self.both()]
        while self.take("OR"):
            values.append(self.both())
        return any(values)

    def both(self) -> bool:
        values = [self.one()]
        while self.take("AND"):
            values.append(self.one())
        return all(values)

    def one(self) -> bool:
        if self.take("NOT"):
            return not self.one()
        if self.take("("):
            value = self.either()
            assert self.take(")")
            return value
        return self.comparison()

    def comparison(self) -> bool:
        kind, field = self.rest.pop(0)
        assert kind == "name", field
        sign = self.rest.pop(0)[1]
        if sign == ">=":
            assert field == "severity"
            least = self.rest.pop(0)[1]
            return SEVERITIES.index(self.entry.get("severity", "DEFAULT")) >= SEVERITIES.index(least)
        wanted = self.values()
        found = _of(self.entry, field)
        if found is None:
            return False
        if sign == "=":
            return found.lower() in {text.lower() for text in wanted}
        (text,) = wanted
        if sign == ":":
            return text.lower() in found.lower()
        # RE2's `$` is the very end.
        return re.search(re.sub(r"\$(?=\)|\||$)", r"\\Z", text), found) is not None

    def values(self) -> list[str]:
        if not self.take("("):
            return [self.string()]
        listed = [self.string()]
        while self.take("OR"):
            listed.append(self.string())
        assert self.take(")")
        return listed

    def string(self) -> str:
        kind, text = self.rest.pop(0)
        assert kind == "string", text
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1], flags=re.DOTALL)


def _of(entry: Mapping[str, Any], field: str) -> str | None:
    value: Any = entry
    for part in field.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return str(value)
