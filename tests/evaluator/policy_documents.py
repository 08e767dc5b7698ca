"""Policy documents and their parts, for the evaluator: loading, wildcards, variables, conditions.

Written from the IAM User Guide alone ("IAM JSON policy elements reference", checked 2026-11-21), so that
what components/ writes is judged by something that never read it. Whatever is not covered raises
UndecidableError: a proof that guesses is none.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Context = Mapping[str, str | Sequence[str]]
Statement = Mapping[str, Any]


class UndecidableError(Exception):
    """The policy says something that this evaluator does not know."""


# Two characters of the private use area stand for the wildcards, so that a `*` that comes out of a policy
# variable or `${*}` stays an ordinary character.
_ANY_TEXT, _ANY_CHARACTER = "\ue000", "\ue001"
_VARIABLE_OR_WILDCARD = re.compile(r"\$\{([^}]*)\}|[*?]")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


def load_document(document: Mapping[str, Any] | str) -> dict[str, Any]:
    """A policy document as the APIs return it (object, JSON text or URL-encoded JSON text) -> object.

    A name that occurs twice in one object raises: parsers differ in which one they keep.
    """
    if isinstance(document, str):
        text = document if document.lstrip().startswith("{") else urllib.parse.unquote(document)
        document = json.loads(text, object_pairs_hook=_without_duplicates)
    if not isinstance(document, Mapping):
        raise UndecidableError("a policy document is an object")
    unknown = set(document) - {"Version", "Id", "Statement"}
    if unknown or "Statement" not in document:
        raise UndecidableError(f"elements of a policy document: {sorted(document)}")
    return dict(document)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise UndecidableError(f"an element occurs twice: {names}")
    return dict(pairs)


KNOWN_ELEMENTS = frozenset(
    (
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    )
)


def statements(document: Mapping[str, Any]) -> list[Statement]:
    """The statements of a document; a single one may stand without a list."""
    found = listed(document["Statement"])
    for statement in found:
        if set(statement) - KNOWN_ELEMENTS or statement.get("Effect") not in ("Allow", "Deny"):
            raise UndecidableError(f"elements of a statement: {sorted(statement)}")
        if ("Action" in statement) == ("NotAction" in statement):
            raise UndecidableError("a statement has either Action or NotAction")
    return found


def listed(value: Any) -> list[Any]:
    """Elements may hold one thing or a list of them."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def expand(text: str, context: Context, version: str) -> str:
    """A pattern with its variables replaced and its wildcards marked.

    Variables work in version 2012-10-17 only; in the older version `${` is ordinary text.
    Source: "IAM policy elements: Variables and tags".
    """

    def replace(match: re.Match[str]) -> str:
        variable = match[1]
        if variable is None:
            return _ANY_TEXT if match[0] == "*" else _ANY_CHARACTER
        if variable in _LITERALS:
            return _LITERALS[variable]
        return _variable(variable, context)

    if version == "2012-10-17":
        return _VARIABLE_OR_WILDCARD.sub(replace, text)
    return text.replace("*", _ANY_TEXT).replace("?", _ANY_CHARACTER)


def _variable(variable: str, context: Context) -> str:
    name, _, default = variable.partition(",")
    value = _lower(context).get(name.strip().lower())
    if isinstance(value, str):
        return value
    if default and value is None:
        return default.strip().strip("'")
    raise UndecidableError(f"the variable {name.strip()} has no single value in the request")


def matches(pattern: str, value: str) -> bool:
    """Whether an expanded pattern matches the whole value: `*` any characters, `?` exactly one."""
    parts = {_ANY_TEXT: ".*", _ANY_CHARACTER: "."}
    expression = "".join(parts.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def names_action(patterns: Iterable[str], action: str) -> bool:
    """Actions match without regard to case. Source: "IAM JSON policy elements: Action"."""
    return any(matches(expand(pattern.lower(), {}, "2008-10-17"), action.lower()) for pattern in patterns)


def names_resource(patterns: Iterable[str], resource: str, context: Context, version: str) -> bool:
    """Resources match with case; a `*` also runs over slashes and colons. Source: "… elements: Resource"."""
    return any(matches(expand(pattern, context, version), resource) for pattern in patterns)


# ---- conditions ---------------------------------------------------------------------------------------

Comparison = Callable[[str, str], bool]


def _equal(pattern: str, value: str) -> bool:
    return pattern.replace(_ANY_TEXT, "*").replace(_ANY_CHARACTER, "?") == value


def _equal_without_case(pattern: str, value: str) -> bool:
    return _equal(pattern.lower(), value.lower())


def _arn(pattern: str, value: str) -> bool:
    """Each of an ARN's six parts is compared for itself; ArnEquals and ArnLike are the same."""
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    if len(patterns) != 6 or len(values) != 6:
        return False
    return all(matches(*pair) for pair in zip(patterns, values, strict=True))


def _at_most(pattern: str, value: str) -> bool:
    try:
        return float(value) <= float(pattern)
    except ValueError:
        raise UndecidableError("a numeric operator compares numbers") from None


# operator: (comparison, negated). Source: "IAM JSON policy elements: Condition operators".
OPERATORS: Mapping[str, tuple[Comparison, bool]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_without_case, False),
    "StringNotEqualsIgnoreCase": (_equal_without_case, True),
    "StringLike": (matches, False),
    "StringNotLike": (matches, True),
    "ArnEquals": (_arn, False),
    "ArnLike": (_arn, False),
    "ArnNotEquals": (_arn, True),
    "ArnNotLike": (_arn, True),
    "Bool": (_equal_without_case, False),
    "NumericLessThanEquals": (_at_most, False),
}


def conditions_hold(conditions: Mapping[str, Any], context: Context, version: str) -> bool:
    """Whether every condition of a statement holds: operators and keys are joined by AND."""
    values_of = _lower(context)
    return all(
        _holds(operator, values_of.get(key.lower()), _texts(expected), context, version)
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _holds(
    operator: str, found: str | Sequence[str] | None, expected: list[str], context: Context, version: str
) -> bool:
    quantifier, _, rest = operator.rpartition(":")
    if quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UndecidableError(f"the quantifier {quantifier}")
    values = None if found is None else [found] if isinstance(found, str) else list(found)
    if rest == "Null":
        return _null(quantifier, values, expected)
    if_exists = rest.endswith("IfExists")
    name = rest.removesuffix("IfExists")
    if name not in OPERATORS:
        raise UndecidableError(f"the operator {operator}")
    comparison, negated = OPERATORS[name]
    if not values:
        # Source: "Condition operators" (a missing key fails a positive operator, passes a negated one and
        # IfExists) and "Set operators for multivalued context keys" (ForAllValues passes, ForAnyValue fails).
        return if_exists or {"": negated, "ForAllValues": True, "ForAnyValue": False}[quantifier]
    patterns = [expand(text, context, version) for text in expected]

    def passes(value: str) -> bool:
        return any(comparison(pattern, value) for pattern in patterns) != negated

    if quantifier == "":
        if len(values) != 1:
            raise UndecidableError(f"{operator} on a key with several values")
        return passes(values[0])
    return (all if quantifier == "ForAllValues" else any)(map(passes, values))


def _null(quantifier: str, values: list[str] | None, expected: list[str]) -> bool:
    if quantifier or len(expected) != 1 or expected[0].lower() not in ("true", "false"):
        raise UndecidableError("Null takes `true` or `false`")
    return (not values) == (expected[0].lower() == "true")


def _texts(expected: Any) -> list[str]:
    texts = []
    for item in listed(expected):
        if not isinstance(item, (str, bool, int)):
            raise UndecidableError("a condition's value is text, a number or a boolean")
        texts.append(str(item).lower() if isinstance(item, bool) else str(item))
    return texts


def _lower(context: Context) -> dict[str, str | Sequence[str]]:
    """Condition keys are compared without regard to case."""
    return {key.lower(): value for key, value in context.items()}
