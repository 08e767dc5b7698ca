"""A small part of CEL, the language of IAM conditions and of workload identity providers.

Has: strings, whole numbers, true, false, null, lists; `a.b`, `a['b']`; `== != < <= > >= in && || ! ?: +`;
`.startsWith() .endsWith() .contains() .matches() .extract() .split() .lowerAscii() .upperAscii()`;
`has() size() string() int() timestamp() duration()`. Anything else is NotUnderstood, which is never taken for
true or false.

Source: the language definition of cel-spec; for `extract` IAM's "attribute reference for conditions".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.errors import GoogleError

TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>[rR]?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    | (?P<number>\d+)(?![\w.])
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[<>!?:.,+()\[\]])
    )""",
    re.VERBOSE,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
MOST_DEPTH = 64  # an expression of IAM has at most 12 logical operators
Evaluate = Callable[[Mapping[str, Any]], Any]
ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class NotUnderstood(Exception):  # noqa: N818  # it is a statement about the expression
    """The expression, or a value that it meets, is outside of what is known here."""


class BadSyntax(NotUnderstood):
    """The text is no CEL at all."""


class Missing(NotUnderstood):
    """A field that is asked for does not exist: an error in CEL as well, which `||` and `&&` may absorb."""


def compile_expression(text: str) -> Evaluate:
    """A function from variables to the expression's value. Raises BadSyntax or NotUnderstood."""
    parser = _Parser(text)
    evaluate = parser.ternary()
    parser.expect_end()
    return evaluate


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, *signs: str) -> str | None:
        kind, text = self._peek()
        if kind == "sign" and text in signs:
            self._at += 1
            return text
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            raise BadSyntax(f"`{sign}` is missing")

    def expect_end(self) -> None:
        if self._peek()[0] != "end":
            raise BadSyntax(f"`{self._peek()[1]}` is not expected there")

    def ternary(self) -> Evaluate:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise NotUnderstood("it is nested too deeply")
        condition = self._either()
        if self._take("?"):
            yes = self.ternary()
            self._need(":")
            no = self.ternary()
            before = condition
            condition = lambda names: yes(names) if _truth(before(names)) else no(names)  # noqa: E731
        self._depth -= 1
        return condition

    def _either(self) -> Evaluate:
        parts = [self._both()]
        while self._take("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda names: _any_of(parts, names, True)

    def _both(self) -> Evaluate:
        parts = [self._relation()]
        while self._take("&&"):
            parts.append(self._relation())
        return parts[0] if len(parts) == 1 else lambda names: _any_of(parts, names, False)

    def _relation(self) -> Evaluate:
        left = self._sum()
        sign = self._take("==", "!=", "<=", ">=", "<", ">")
        if sign is None and self._peek() == ("word", "in"):
            self._at += 1
            sign = "in"
        if sign is None:
            return left
        right = self._sum()
        return lambda names: _compare(sign, left(names), right(names))

    def _sum(self) -> Evaluate:
        total = self._unary()
        while self._take("+"):
            total = _adding(total, self._unary())
        return total

    def _unary(self) -> Evaluate:
        if self._take("!"):
            inner = self._unary()
            return lambda names: not _truth(inner(names))
        return self._member()

    def _member(self) -> Evaluate:
        value = self._primary()
        while True:
            if self._take("."):
                value = self._after_dot(value)
            elif self._take("["):
                index = self.ternary()
                self._need("]")
                value = _indexing(value, index)
            else:
                return value

    def _after_dot(self, value: Evaluate) -> Evaluate:
        kind, name = self._peek()
        if kind != "word":
            raise BadSyntax("a name is missing after `.`")
        self._at += 1
        if not self._take("("):
            return _indexing(value, lambda names: name)
        arguments = self._arguments()
        if name not in METHODS:
            raise NotUnderstood(f"`.{name}()` is not known")
        method = METHODS[name]
        return lambda names: _called(method, value(names), *[argument(names) for argument in arguments])

    def _arguments(self) -> list[Evaluate]:
        arguments: list[Evaluate] = []
        if self._take(")"):
            return arguments
        while True:
            arguments.append(self.ternary())
            if self._take(")"):
                return arguments
            self._need(",")

    def _primary(self) -> Evaluate:
        kind, text = self._peek()
        self._at += 1
        if kind == "text":
            return _constant(_unquoted(text))
        if kind == "number":
            return _constant(int(text))
        if kind == "word":
            return self._word(text)
        if text == "(":
            inner = self.ternary()
            self._need(")")
            return inner
        if text == "[":
            return self._list()
        raise BadSyntax(f"`{text}` is not expected there" if text else "it ends too early")

    def _list(self) -> Evaluate:
        items: list[Evaluate] = []
        while not self._take("]"):
            if items:
                self._need(",")
            items.append(self.ternary())
        return lambda names: [item(names) for item in items]

    def _word(self, word: str) -> Evaluate:
        if word in CONSTANTS:
            return _constant(CONSTANTS[word])
        if not self._take("("):
            return lambda names: _field(names, word)
        arguments = self._arguments()
        if word == "has" and len(arguments) == 1:
            return lambda names: _exists(arguments[0], names)
        if word not in FUNCTIONS:
            raise NotUnderstood(f"`{word}()` is not known")
        function = FUNCTIONS[word]
        return lambda names: _called(function, *[argument(names) for argument in arguments])


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise BadSyntax("it has a sign that CEL does not have, or that is not known here")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return found


def _unquoted(text: str) -> str:
    if text[0] in "rR":
        return text[2:-1]
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match.group(1), match.group(1)), text[1:-1])


def _constant(value: Any) -> Evaluate:
    return lambda names: value


def _adding(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda names: _called(_plus, left(names), right(names))


def _indexing(value: Evaluate, index: Evaluate) -> Evaluate:
    return lambda names: _field(value(names), index(names))


def _plus(left: Any, right: Any) -> Any:
    if type(left) is type(right) and isinstance(left, str | int | list):
        return left + right
    if isinstance(left, datetime) and isinstance(right, timedelta):
        return left + right
    raise NotUnderstood("`+` joins two strings, two numbers or two lists")


def _field(value: Any, name: Any) -> Any:
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
        raise Missing(f"there is no `{name}`")
    if isinstance(value, list) and isinstance(name, int) and 0 <= name < len(value):
        return value[name]
    raise Missing(f"there is no `{name}`")


def _exists(argument: Evaluate, names: Mapping[str, Any]) -> bool:
    try:
        argument(names)
    except Missing:
        return False
    return True


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise NotUnderstood("a condition is true or false")
    return value


def _any_of(parts: list[Evaluate], names: Mapping[str, Any], decisive: bool) -> bool:
    # In CEL one decisive side decides, whatever becomes of the other.
    trouble: NotUnderstood | None = None
    for part in parts:
        try:
            if _truth(part(names)) is decisive:
                return decisive
        except NotUnderstood as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return not decisive


def _compare(sign: str, left: Any, right: Any) -> bool:
    if sign == "in":
        if isinstance(right, list | Mapping):
            return left in right
        raise NotUnderstood("`in` looks into a list or a map")
    if sign in ("==", "!="):
        same = type(left) is type(right) and left == right
        return same is (sign == "==")
    if type(left) is not type(right) or not isinstance(left, str | int | datetime | timedelta):
        raise NotUnderstood(f"`{sign}` compares two values of one kind")
    return bool(ORDER[sign](left, right))


def _called(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except (TypeError, AttributeError, ValueError, re.error, GoogleError) as error:
        raise NotUnderstood("a function was given what it does not take") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _extract(text: str, template: str) -> str:
    before, opening, rest = template.partition("{")
    _, closing, after = rest.partition("}")
    if not opening or not closing:
        raise NotUnderstood("`extract` needs one {name} in its template")
    start = text.find(before)
    if start < 0:
        return ""
    start += len(before)
    end = text.find(after, start) if after else len(text)
    return text[start:end] if end >= 0 else ""


def _length(value: Any) -> int:
    return len(value)


CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
METHODS: dict[str, Callable[..., Any]] = {
    "startsWith": lambda text, start: _text(text).startswith(_text(start)),
    "endsWith": lambda text, end: _text(text).endswith(_text(end)),
    "contains": lambda text, part: _text(part) in _text(text),
    "matches": lambda text, pattern: re.search(_text(pattern), _text(text)) is not None,
    "extract": lambda text, template: _extract(_text(text), _text(template)),
    "split": lambda text, sign: _text(text).split(_text(sign)),
    "lowerAscii": lambda text: _text(text).lower(),
    "upperAscii": lambda text: _text(text).upper(),
    "size": _length,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "size": _length,
    "string": lambda value: str(value).lower() if isinstance(value, bool) else str(value),
    "int": lambda value: int(value),
    "timestamp": lambda text: times.moment(_text(text)),
    "duration": lambda text: times.duration(_text(text)),
}
