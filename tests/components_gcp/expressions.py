"""A small evaluator for the part of CEL that the components write; anything else is an error.

Its own reading of the language definition, on purpose: it shares nothing with the code that writes the
expressions. `matches` is RE2 in Google Cloud; the patterns that are written mean the same to Python's `re`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>&&|\|\||==|!=|[!().,\[\]+])
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\\\"'`abfnrtv?]))")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class EvaluationError(Exception):
    """A claim is missing, or two types cannot be compared: Google refuses the token."""


class _Failed:
    """An error as a value: `true || error` is true in CEL."""


def evaluate(expression: str, assertion: Mapping[str, Any]) -> Any:
    """The value of an expression over a token's claims."""
    parser = _Parser(_tokens(expression), assertion)
    result = parser.disjunction()
    if parser.rest:
        raise ValueError(f"not an expression of ours: {expression!r} at {parser.rest[0]}")
    if isinstance(result, _Failed):
        raise EvaluationError(expression)
    return result


def _tokens(expression: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None or match.lastgroup is None:
            raise ValueError(f"not CEL at {position}: {expression!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def _unquoted(text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match[3]:
            return _SIMPLE.get(match[3], match[3])
        return chr(int(match[1] or match[2], 16))

    inner = text[1:-1]
    # Every backslash begins an escape that the language knows.
    assert _ESCAPE.sub("", inner).count("\\") == 0, text
    return _ESCAPE.sub(replaced, inner)


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], assertion: Mapping[str, Any]) -> None:
        self.rest, self.assertion = tokens, assertion

    def take(self, *signs: str) -> str | None:
        if self.rest and self.rest[0][1] in signs and self.rest[0][0] != "string":
            return self.rest.pop(0)[1]
        return None

    def expect(self, sign: str) -> None:
        if self.take(sign) is None:
            raise ValueError(f"expected {sign}, found {self.rest[:1]}")

    def disjunction(self) -> Any:
        values = [self.conjunction()]
        while self.take("||"):
            values.append(self.conjunction())
        return _combined(values, decisive=True)

    def conjunction(self) -> Any:
        values = [self.relation()]
        while self.take("&&"):
            values.append(self.relation())
        return _combined(values, decisive=False)

    def relation(self) -> Any:
        left = self.sum()
        sign = self.take("==", "!=", "in")
        if sign is None:
            return left
        right = self.sum()
        if isinstance(left, _Failed) or isinstance(right, _Failed):
            return _Failed()
        if sign == "in":
            return left in right
        if type(left) is not type(right):
            return _Failed()
        return (left == right) is (sign == "==")

    def sum(self) -> Any:
        value = self.negation()
        while self.take("+"):
            other = self.negation()
            both = isinstance(value, str) and isinstance(other, str)
            value = value + other if both else _Failed()
        return value

    def negation(self) -> Any:
        if self.take("!"):
            value = self.negation()
            return value if isinstance(value, _Failed) else not value
        return self.member()

    def member(self) -> Any:
        value = self.primary()
        while True:
            if self.take("."):
                value = self.selected(value, self.rest.pop(0)[1])
            elif self.take("["):
                kind, text = self.rest.pop(0)
                assert kind == "string"
                self.expect("]")
                value = _claim(value, _unquoted(text))
            else:
                return value

    def selected(self, value: Any, name: str) -> Any:
        if not self.take("("):
            return _claim(value, name)
        argument = self.disjunction()
        self.expect(")")
        if not isinstance(value, str):
            return _Failed()
        if name == "startsWith":
            return value.startswith(argument)
        if name == "matches":
            # RE2 has no look-around and no back-references; `$` is the very end.
            return re.search(re.sub(r"\$$", r"\\Z", argument), value) is not None
        if name == "extract":
            before, _, after = argument.partition("{")
            after = after.partition("}")[2]
            start = value.find(before)
            if start < 0:
                return ""
            rest = value[start + len(before) :]
            return rest if not after else rest.partition(after)[0]
        raise ValueError(f"an unknown function: {name}")

    def primary(self) -> Any:
        if self.take("("):
            value = self.disjunction()
            self.expect(")")
            return value
        if self.take("["):
            values = [self.disjunction()]
            while self.take(","):
                values.append(self.disjunction())
            self.expect("]")
            return values
        kind, text = self.rest.pop(0)
        if kind == "string":
            return _unquoted(text)
        if text == "assertion":
            return self.assertion
        if text == "string":
            self.expect("(")
            value = self.disjunction()
            self.expect(")")
            return value if isinstance(value, _Failed) else str(value)
        raise ValueError(f"an unknown name: {text}")


def _claim(value: Any, name: str) -> Any:
    if isinstance(value, Mapping) and name in value:
        return value[name]
    return _Failed()


def _combined(values: list[Any], *, decisive: bool) -> Any:
    if len(values) == 1:
        return values[0]
    if any(value is decisive for value in values):
        return decisive
    if any(isinstance(value, _Failed) for value in values):
        return _Failed()
    return not decisive
