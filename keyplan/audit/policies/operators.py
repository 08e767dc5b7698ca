"""Condition operators: whether one value of a request meets one value of a policy.

Owns what an operator's name means (its set prefix, `IfExists`, what it negates) and the comparison of two
values. Which values a request has is the callers' and the domains' affair.
Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued
context keys" (checked 2026-11-21).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache

from keyplan.audit.policies.wildcards import Match, has_wildcard, matches, matches_beginning, unescaped


class Several(Enum):
    """How the values of a request that has several count."""

    PLAIN = ""  # no prefix: any of them
    ANY = "foranyvalue:"
    ALL = "forallvalues:"


@dataclass(frozen=True)
class Operator:
    """An operator's name, taken apart."""

    name: str  # in lower case, without prefix, negation and suffix: `stringequals`
    several: Several
    negated: bool
    if_exists: bool

    @property
    def is_null(self) -> bool:
        """Whether it asks for the key's absence instead of comparing."""
        return self.name == "null"

    @property
    def compares_text(self) -> bool:
        """Whether a policy variable in its value is replaced."""
        return self.name.startswith(("string", "arn"))


_POSITIVE = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnlike",
    "arnnotlike": "arnlike",
}
_SAME = {"arnequals": "arnlike"}  # Source: as above, "Amazon Resource Name (ARN) condition operators"
_KNOWN = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "numericequals", "numericlessthan"}
    | {
        "numericlessthanequals",
        "numericgreaterthan",
        "numericgreaterthanequals",
        "dateequals",
        "datelessthan",
    }
    | {"datelessthanequals", "dategreaterthan", "dategreaterthanequals", "bool", "binaryequals", "ipaddress"}
    | {"arnlike", "null"}
)


@lru_cache(maxsize=4096)
def read_operator(written: str) -> Operator | None:
    """An operator by its name; None for one that is unknown."""
    name = written.lower()
    several = next(
        (each for each in (Several.ANY, Several.ALL) if name.startswith(each.value)), Several.PLAIN
    )
    name = name.removeprefix(several.value)
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    positive = _SAME.get(name, _POSITIVE.get(name, name))
    if positive not in _KNOWN or (positive == "null" and (if_exists or several is not Several.PLAIN)):
        return None
    return Operator(positive, several, name in _POSITIVE, if_exists)


_RANGE = re.compile(r"[0-9a-fA-F:.]+(/\d{1,3})?", re.ASCII)
# Source: W3C, "Date and Time Formats", which AWS's document names (checked 2026-11-22). What a time without a
# zone means, it does not say: UTC.
_DATE = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[-+]\d\d:\d\d)?)?", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d{1,30}(\.\d{1,30})?", re.ASCII)


class NotComparableError(ValueError):
    """A policy's value that its operator cannot take, such as a word for a number."""


Test = Callable[[str], bool]


@lru_cache(maxsize=100_000)
def test_of(name: str, value: str) -> Test:
    """What a value of the request has to pass. For text, `value` may have wildcards of its operator.

    Raises:
        NotComparableError: the operator takes no such value.
    """
    match name:
        case "stringequals" | "binaryequals":
            plain = unescaped(value)
            return lambda given: given == plain
        case "stringequalsignorecase":
            folded = unescaped(value).casefold()
            return lambda given: given.casefold() == folded
        case "stringlike":
            return lambda given: matches(value, given)
        case "arnlike":
            return lambda given: _arn_matches(value, given)
        case "bool":
            if value.lower() not in ("true", "false"):
                raise NotComparableError("neither true nor false")
            return lambda given: given.lower() == value.lower()
        case "ipaddress":
            return _address_test(value)
    if name.startswith("numeric"):
        return _order_test(name.removeprefix("numeric"), _number(value), _number)
    return _order_test(name.removeprefix("date"), _moment(value), _moment)


def is_exact(name: str, value: str) -> bool:
    """Whether only one text meets the value: then a dictionary finds it."""
    return name in ("stringequals", "binaryequals") or (
        name in ("stringlike", "arnlike") and not has_wildcard(value)
    )


def begins(name: str, value: str, beginning: str) -> Match:
    """Whether a request's value of which only the beginning is known meets the policy's."""
    if name in ("stringlike", "arnlike"):
        return matches_beginning(value, beginning)
    folded = name == "stringequalsignorecase"
    text = unescaped(value).casefold() if folded else unescaped(value)
    return Match.SOMETIMES if text.startswith(beginning.casefold() if folded else beginning) else Match.NEVER


def _arn_matches(pattern: str, given: str) -> bool:
    """Each of the six parts by itself. Source: as above: "each of the six colon-delimited components"."""
    if pattern == "*":
        return given.startswith("arn:")
    wanted, parts = pattern.split(":", 5), given.split(":", 5)
    return len(wanted) == 6 == len(parts) and all(map(matches, wanted, parts))


def _address_test(value: str) -> Test:
    if not _RANGE.fullmatch(value):  # Python reads netmasks and scopes as well
        raise NotComparableError("no address and no range of addresses")
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise NotComparableError("no address and no range of addresses") from None

    def inside(given: str) -> bool:
        try:
            return ipaddress.ip_address(given) in network
        except ValueError:
            return False

    return inside


def _order_test(order: str, wanted: float, read: Callable[[str], float]) -> Test:
    compare: Callable[[float], bool] = {
        "equals": lambda given: given == wanted,
        "lessthan": lambda given: given < wanted,
        "lessthanequals": lambda given: given <= wanted,
        "greaterthan": lambda given: given > wanted,
        "greaterthanequals": lambda given: given >= wanted,
    }[order]

    def test(given: str) -> bool:
        try:
            return compare(read(given))
        except NotComparableError:
            return False

    return test


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise NotComparableError("not a number")
    return float(text)


def _moment(text: str) -> float:
    """Seconds since 1970 of a date of ISO 8601, or of seconds since 1970. Source: as above, "Date condition
    operators"."""
    if _NUMBER.fullmatch(text) and len(text) != 4:
        return float(text)
    whole = text + {4: "-01-01", 7: "-01"}.get(len(text), "")  # a year, a month
    if not _DATE.fullmatch(whole):  # Python reads weeks and dates without dashes as well
        raise NotComparableError("not a date")
    try:
        moment = datetime.fromisoformat(whole)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        raise NotComparableError("not a date") from None


def is_moment(text: str) -> bool:
    """Whether a date operator can compare it."""
    try:
        _moment(text)
    except NotComparableError:
        return False
    return True


def seconds_of(text: str) -> str:
    """A moment as aws:EpochTime has it: seconds since 1970, without their fraction."""
    return str(int(_moment(text)))
