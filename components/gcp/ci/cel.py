"""Expressions of the Common Expression Language, as attribute conditions and mappings need them. Pure.

Every text of a catalogue gets in through `literal` or `like`, so that no name, whatever its characters, can
end a string and go on as an expression. A claim that a token lacks is an error of the evaluation, and Google
then refuses the token.

Source: CEL language definition, "Values" (escapes), "Standard definitions" (`matches` is RE2, unanchored;
`startsWith`), "Logical operators" (checked 2026-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# The characters with a meaning in RE2. A hyphen has none outside a class.
_REGEX_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_FIRST_OUTSIDE_BMP = 0x10000


def literal(text: str) -> str:
    """`text` as a string literal of CEL, in printable ASCII."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in ('"', "\\"):
        return f"\\{character}"
    if " " <= character <= "~":
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < _FIRST_OUTSIDE_BMP else f"\\U{code:08x}"


def equal(value: str, text: str) -> str:
    """`value` is exactly `text`. Args: value: an expression, `assertion.ref`."""
    return f"{value} == {literal(text)}"


def like(value: str, pattern: str, prefix: str = "", wildcard: str = ".*") -> str:
    """`value` is `prefix` and then what `pattern` says, in which `*` is a wildcard and nothing else is.

    Args:
        value: an expression, `assertion.ref`.
        pattern: a name or a pattern of names: `main`, `release/*`.
        prefix: text before it, without wildcards: `refs/heads/`.
        wildcard: what a star may be, as a regular expression; other than `.*`, `matches` is always used.
    """
    fixed, star, rest = pattern.partition("*")
    if not star:
        return equal(value, prefix + pattern)
    if not rest and wildcard == ".*":
        return f"{value}.startsWith({literal(prefix + fixed)})"
    return matches(value, regex_of(prefix) + regex_of(pattern, wildcard))


def regex_of(pattern: str, wildcard: str | None = None) -> str:
    """`pattern` as a regular expression; with `wildcard`, each `*` in it is that."""
    parts = [pattern] if wildcard is None else pattern.split("*")
    return (wildcard or "").join(_REGEX_SPECIAL.sub(lambda match: f"\\{match[0]}", part) for part in parts)


def matches(value: str, regex: str) -> str:
    """The whole of `value` matches `regex`."""
    return f"{value}.matches({literal(f'^{regex}$')})"


def any_of(expressions: Iterable[str]) -> str:
    """At least one of them, each once; in brackets where there are several."""
    listed = list(dict.fromkeys(expressions))
    return listed[0] if len(listed) == 1 else f"({' || '.join(listed)})"


def all_of(expressions: Iterable[str]) -> str:
    """Every one of them."""
    return " && ".join(expressions)


def none_of(value: str, texts: Iterable[str]) -> str:
    """`value` is none of `texts`."""
    return f"!({value} in [{', '.join(literal(text) for text in texts)}])"
