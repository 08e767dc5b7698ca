"""Google's filter language for lists and logs, as far as Secret Manager and Cloud Logging use it.

Has: `field=value`, `!=`, `<`, `<=`, `>`, `>=`, `:` (contains), `=~` and `!~` (logs), AND, OR, NOT, `-`,
parentheses, `field=(a OR b)`, a word alone, and terms side by side, which mean AND. Names may be written in
snake case or camel case. Source: AIP-160; Secret Manager "Filter lists of secrets"; "Logging query language".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.gcp_server.access.cel import ORDER
from sandbox.gcp_server.errors import invalid

TOKEN = re.compile(
    r"""\s*(?:
      (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<sign><=|>=|!=|=~|!~|[=<>:()])
    | (?P<minus>-)(?=[A-Za-z_("'])
    | (?P<word>[^\s=<>:()!"']+(?:(?<=\.)"(?:[^"\\]|\\.)*"[^\s=<>:()!"']*)*)
    )""",
    re.VERBOSE,
)
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", ":", "=~", "!~")
MOST_DEPTH = 32
KEYWORDS = ("AND", "OR", "NOT")
# Source: Cloud Logging, LogSeverity; a severity is compared by its rank.
SEVERITIES = (
    *("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING"),
    *("ERROR", "CRITICAL", "ALERT", "EMERGENCY"),
)
# What Python's regular expressions have and RE2 has not: looking around, and groups that are named again.
NOT_IN_RE2 = re.compile(r"\(\?(?:[=!>(]|<[=!]|P=)|(?<!\\)(?:\\\\)*\\[1-9]")
ESCAPES = {"n": "\n", "t": "\t"}
Test = Callable[[Mapping[str, Any]], bool]


def compile_filter(text: str, alone: str = "") -> Test:
    """A function that tells whether a JSON object fits. Raises INVALID_ARGUMENT for what is no filter.

    Args:
        text: the filter; an empty one fits everything.
        alone: the field that a word alone is searched in; every field when empty.
    """
    if not text.strip():
        return lambda item: True
    parser = _Parser(text, alone)
    test = parser.conjunction()
    if not parser.at_end:
        raise _malformed()
    return test


def _malformed() -> Exception:
    return invalid("The provided filter is not valid: it could not be parsed.")


class _Parser:
    def __init__(self, text: str, alone: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._alone = alone
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        index = self._at + ahead
        return self._tokens[index] if index < len(self._tokens) else ("end", "")

    def _take_word(self, word: str) -> bool:
        if self._peek() == ("word", word):
            self._at += 1
            return True
        return False

    def _take_sign(self, sign: str) -> bool:
        if self._peek() == ("sign", sign):
            self._at += 1
            return True
        return False

    def conjunction(self) -> Test:
        # AIP-160: OR binds more tightly than AND.
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise invalid("The provided filter is nested too deeply.")
        parts = [self._disjunction()]
        while not self.at_end and self._peek() != ("sign", ")"):
            self._take_word("AND")
            parts.append(self._disjunction())
        self._depth -= 1
        return lambda item: all(part(item) for part in parts)

    def _disjunction(self) -> Test:
        parts = [self._negation()]
        while self._take_word("OR"):
            parts.append(self._negation())
        return lambda item: any(part(item) for part in parts)

    def _negation(self) -> Test:
        if self._take_word("NOT") or self._peek()[0] == "minus":
            if self._peek()[0] == "minus":
                self._at += 1
            inner = self._negation()
            return lambda item: not inner(item)
        if self._take_sign("("):
            inside = self.conjunction()
            self._close()
            return inside
        return self._comparison()

    def _close(self) -> None:
        if not self._take_sign(")"):
            raise _malformed()

    def _comparison(self) -> Test:
        kind, name = self._peek()
        if kind not in ("word", "quoted") or name in ("AND", "OR"):
            raise _malformed()
        self._at += 1
        sign_kind, sign = self._peek()
        if sign_kind != "sign" or sign not in OPERATORS:
            return self._word_alone(_plain(kind, name))
        self._at += 1
        if self._take_sign("("):
            return self._one_of(_path(name), sign)
        value_kind, value = self._peek()
        if value_kind not in ("word", "quoted"):
            raise _malformed()
        self._at += 1
        return _test(_path(name), sign, _plain(value_kind, value))

    def _one_of(self, path: list[str], sign: str) -> Test:
        tests: list[Test] = []
        together: Callable[..., bool] = any
        while not self._take_sign(")"):
            kind, text = self._peek()
            self._at += 1
            if (kind, text) == ("word", "OR") and tests:
                continue
            if (kind, text) == ("word", "AND") and tests:
                together = all
                continue
            if kind not in ("word", "quoted"):
                raise _malformed()
            tests.append(_test(path, sign, _plain(kind, text)))
        if not tests:
            raise _malformed()
        return lambda item: together(test(item) for test in tests)

    def _word_alone(self, text: str) -> Test:
        if self._alone:
            return _test([self._alone], ":", text)
        return lambda item: any(text.lower() in leaf.lower() for leaf in _leaves(item))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _malformed()
        found = match.group(match.lastgroup)
        position = match.end()
        if match.lastgroup == "word" and text[position : position + 1] == "(" and found not in KEYWORDS:
            raise invalid(f"The provided filter is not valid: the function {found} is not known here.")
        yield match.lastgroup, found


def _plain(kind: str, text: str) -> str:
    return unquoted(text) if kind == "quoted" else text


def unquoted(text: str) -> str:
    """What a string in quotes means."""
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[1]), text[1:-1], flags=re.DOTALL)


def values_at(item: Mapping[str, Any], field: str) -> list[Any]:
    """The values of a field, as filters name it; none where there is none."""
    return _reach(item, _path(field))


def _path(name: str) -> list[str]:
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^.]+', name)
    return [part[1:-1] if part.startswith('"') else part for part in parts]


def _reach(item: Any, path: list[str]) -> list[Any]:
    """The values at a path; a list on the way stands for each of its elements."""
    if isinstance(item, list):
        return [value for element in item for value in _reach(element, path)]
    if not path:
        return [item]
    if not isinstance(item, Mapping):
        return []
    name = path[0]
    for key in (name, _camel(name)):
        if key in item:
            return _reach(item[key], path[1:])
    # A label's or annotation's key may have dots.
    joined = ".".join(path)
    return _reach(item[joined], []) if joined in item else []


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _test(path: list[str], sign: str, wanted: str) -> Test:
    if path == ["severity"] and sign in ORDER:
        return _severity_test(sign, wanted)
    if sign in ("=~", "!~"):
        if NOT_IN_RE2.search(wanted):
            raise invalid(f"The provided filter is not valid: RE2 does not have the expression {wanted}.")
        try:
            pattern = re.compile(wanted)
        except re.error:
            raise invalid(f"The provided filter is not valid: {wanted} is no regular expression.") from None

        def found(item: Mapping[str, Any]) -> bool:
            return any(pattern.search(_words(value)) for value in _reach(item, path))

        return found if sign == "=~" else lambda item: not found(item)
    if sign == "!=":
        return lambda item: not any(_compare(value, "=", wanted) for value in _reach(item, path))
    return lambda item: any(_compare(value, sign, wanted) for value in _reach(item, path))


def _severity_test(sign: str, wanted: str) -> Test:
    if wanted.upper() not in SEVERITIES:
        raise invalid(f"The provided filter is not valid: {wanted} is no severity.")
    least = SEVERITIES.index(wanted.upper())

    def compared(item: Mapping[str, Any]) -> bool:
        found = str(item.get("severity", "DEFAULT")).upper()
        # A number that is none of the names is no severity of these.
        return found in SEVERITIES and bool(ORDER[sign](SEVERITIES.index(found), least))

    return compared


def _compare(value: Any, sign: str, wanted: str) -> bool:
    if isinstance(value, Mapping):
        # `labels:env` asks whether there is such a key; `labels.env:*` whether it has any value.
        return sign == ":" and (wanted == "*" or wanted in value)
    text = _words(value)
    if sign == ":":
        return wanted == "*" or wanted.lower() in text.lower()
    if sign == "=":
        return text.lower() == wanted.lower()
    left, right = _sortable(text), _sortable(wanted)
    if type(left) is not type(right):
        left, right = text, wanted
    return bool(ORDER[sign](left, right))


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _sortable(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        # Timestamps of one zone sort as text, whether or not they have a fraction.
        return re.sub(r"(\d\d:\d\d:\d\d)Z$", r"\1.000000Z", text)


def _leaves(item: Any) -> Iterator[str]:
    if isinstance(item, Mapping):
        for value in item.values():
            yield from _leaves(value)
    elif isinstance(item, list):
        for value in item:
            yield from _leaves(value)
    else:
        yield _words(item)
