"""What a request has for a condition key, as far as a snapshot can say, and policy variables.

Source: IAM User Guide, "IAM policy elements: Variables and tags" (checked 2026-11-22).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from keyplan.audit.policies.keys import SEVERAL
from keyplan.audit.policies.wildcards import LITERAL, has_wildcard


@dataclass(frozen=True)
class Known:
    """The key is there, with these values."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Beginning:
    """The key is there, and this much of its one value is known."""

    text: str


@dataclass(frozen=True)
class Open:
    """It differs from request to request; `always` says that it is in each of them."""

    always: bool


@dataclass(frozen=True)
class Other:
    """It may be there, and is then another value than this one; one that ends in `/` means all below it."""

    text: str

    def may_be(self, pattern: str) -> bool:
        """Whether a policy's value can meet it."""
        return pattern != self.text and not (self.text.endswith("/") and pattern.startswith(self.text))


class Missing(Enum):
    """The key is in no request, or it is none that this evaluator knows."""

    ABSENT = "absent"
    STRANGE = "strange"


Value = Known | Beginning | Open | Other | Missing
# The resources, as bits, for which a key has a value; together they are all resources.
Spread = tuple[tuple[Value, int], ...]
Lookup = Callable[[str], Spread]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")


def has_variable(text: str) -> bool:
    """Whether a policy's text has a variable, or a character written as one."""
    return _VARIABLE.search(text) is not None


def variable_keys(text: str) -> tuple[str, ...]:
    """The keys that a text's variables name, in lower case."""
    return tuple(key for key, _ in map(_taken_apart, _VARIABLE.findall(text)) if key)


def resolve(text: str, lookup: Lookup, everything: int) -> Iterable[tuple[str | Value, int]]:
    """The texts that variables make of a pattern, each with its resources.

    Where a variable's key is absent and has no default, that is said in place of the text: nothing equals it.
    What is open or strange is said too.
    """
    found: list[tuple[str | Value, int]] = [("", everything)]
    position = 0
    for match in _VARIABLE.finditer(text):
        found = _each_followed_by(found, [(text[position : match.start()], everything)])
        found = _each_followed_by(found, list(_replacements(match[1], lookup, everything)))
        position = match.end()
    return _each_followed_by(found, [(text[position:], everything)])


def _taken_apart(inside: str) -> tuple[str, str | None]:
    """The key in lower case, empty where there is none, and the default. A tag's key may have spaces."""
    key, comma, rest = (part.strip() for part in inside.partition(","))
    quoted = len(rest) > 1 and rest[0] == rest[-1] == "'" and "'" not in rest[1:-1]
    if inside in LITERAL or (comma and not quoted):
        return "", None
    return key.lower(), rest[1:-1] if comma else None


def _replacements(inside: str, lookup: Lookup, everything: int) -> Iterable[tuple[str | Value, int]]:
    if inside in LITERAL:
        yield LITERAL[inside], everything
        return
    key, default = _taken_apart(inside)
    if not key or key in SEVERAL:  # AWS lets no key of several values be a variable
        yield Missing.STRANGE, everything
        return
    for value, mask in lookup(key):
        if isinstance(value, Known) and len(value.values) == 1:
            yield _as_literal(value.values[0]), mask
        elif isinstance(value, Known):
            yield Missing.STRANGE, mask
        elif value is Missing.ABSENT and default is not None:
            # Whether a default's own `*` is a wildcard, no document says.
            yield Missing.STRANGE if has_wildcard(default) else default, mask
        else:
            yield (Open(True) if isinstance(value, Beginning | Other) else value), mask


def _as_literal(text: str) -> str:
    """A value's own `*` and `?` are characters, not wildcards."""
    return "".join(LITERAL.get(character, character) for character in text)


def _each_followed_by(
    found: list[tuple[str | Value, int]], further: list[tuple[str | Value, int]]
) -> list[tuple[str | Value, int]]:
    result: list[tuple[str | Value, int]] = []
    for text, mask in found:
        for more, its_mask in further:
            both = mask & its_mask
            if not both:
                continue
            if isinstance(text, str) and isinstance(more, str):
                result.append((text + more, both))
            else:
                result.append((_worse(text, more), both))
    return result


def _worse(first: str | Value, second: str | Value) -> Value:
    """Of two parts the one that says least: strange before absent before open."""
    values = [each for each in (first, second) if not isinstance(each, str)]
    for kind in (Missing.STRANGE, Missing.ABSENT):
        if kind in values:
            return kind
    return values[0]
