"""Reading one field: small readers that return a checked value, or report the mistake and raise `Reported`.

A reader is a function of a `Node`. A `Field` names one, with what the reference (docs/catalogue.md) says of
it; `read_record` reads a whole mapping and goes on after each mistake, so that all are found in one run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from keyplan.catalogue import Cloud
from keyplan.checks.pasted import show
from keyplan.checks.problems import ALREADY_REPORTED, Path, Problems, Reported, nearest
from keyplan.durations import ALLOWED as DURATION_FORM
from keyplan.durations import Duration

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class Node:
    """A value of the configuration and where it stands."""

    value: Any
    path: Path
    problems: Problems

    def child(self, step: str | int, value: Any) -> Node:
        """The node of something inside this one."""
        return Node(value, (*self.path, step), self.problems)

    def reject(self, allowed: str, found: str | None = None, suggestion: str | None = None) -> Reported:
        """Report that this value is wrong, once; to be raised by the caller."""
        if self.value is not ALREADY_REPORTED:
            self.problems.add(self.path, found or show(self.value), allowed, suggestion)
        return Reported()


Reader = Callable[[Node], T]


@dataclass(frozen=True)
class Field:
    """One field of a mapping: how it is read, and what the reference says of it."""

    name: str
    read: Reader[Any]
    type: str  # as the reference names it
    meaning: str
    example: str
    required: bool = False
    default: Any = None  # as a configuration would write it; read by the same reader
    default_text: str = ""  # for the reference, where the default depends on something else
    only_on: Cloud | None = None  # the one cloud that has such a thing; `required` then means: there
    elsewhere: str = ""  # what to write on the other cloud instead


@dataclass
class Record:
    """The fields of a mapping that could be read."""

    values: dict[str, Any] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    usable: bool = True  # whether every required field is there and right

    def sound(self, *names: str) -> bool:
        """Whether none of the fields is wrong: only then does it make sense to compare them."""
        return self.failed.isdisjoint(names)

    def get(self, name: str) -> Any:
        """The field's value; its default, or None, where it was left out or is wrong."""
        return self.values.get(name)


def entries(node: Node) -> dict[str, Node]:
    """The entries of a mapping by name, in order; reports names that are not text."""
    if not isinstance(node.value, Mapping):
        raise node.reject("a mapping of names to values")
    result = {}
    for name, value in node.value.items():
        if isinstance(name, str):
            result[name] = node.child(name, value)
        else:
            node.problems.add(node.path, f"{show(name)} as a name", "text as a name; put it in quotes")
    return result


def read_record(
    node: Node,
    fields: Sequence[Field],
    explain: Callable[[str], str | None] = lambda name: None,
    clouds: Collection[Cloud] | None = None,
) -> Record:
    """Read a mapping by its fields and report all that is wrong in it.

    `explain(name)` may say why a field that is not among them is not allowed here. `clouds` are those that
    the mapping is about: a field of another one is a mistake; None, where they are unknown, allows all.
    Raises Reported when the node is no mapping. A record that is not `usable` is still returned: what its
    sound fields say about each other can be checked before it is given up.
    """
    given = entries(node)
    known = {each.name: each for each in fields}
    record = Record()
    for name, child in given.items():
        if name not in known and child.value is not ALREADY_REPORTED:
            reason = explain(name)
            allowed = reason or f"one of {', '.join(known)}"
            child.reject(allowed, "an unknown field", None if reason else nearest(name, known))
    here = (None, *(clouds or ()))
    required = [each for each in fields if each.required and each.only_on in here]
    for each in fields:
        child = given.get(each.name) or node.child(each.name, each.default)
        # Pulumi.yaml's default stands for every stack, also for one without that cloud.
        if clouds is not None and each.only_on not in here and child.value != each.default:
            record.failed.add(each.name)
            child.reject(_without(each, clouds), f"a field that only {each.only_on} has")
            child = node.child(each.name, each.default)
        if child.value is None and each.name in record.failed:
            continue
        if each.name not in given and each.default is None:
            if each in required:
                record.failed.add(each.name)
                child.reject(f"{each.type}, as in `{each.example}`")
            continue
        try:
            record.values[each.name] = each.read(child)
        except Reported:
            record.failed.add(each.name)
            if each.name in given and each.default is not None:
                record.values[each.name] = each.read(Node(each.default, child.path, child.problems))
    record.usable = all(each.name in record.values for each in required)
    return record


def _without(field: Field, clouds: Collection[Cloud]) -> str:
    """Why a field of one cloud is not allowed where only the other one is."""
    instead = f"; {field.elsewhere}" if field.elsewhere else ""
    return f"no `{field.name}` on {' and '.join(clouds)}{instead}"


def text(
    pattern: str,
    allowed: str,
    suggest: Callable[[str], str | None] = lambda text: None,
    maximum: int = 2048,
) -> Reader[str]:
    """Text that matches `pattern` as a whole; `suggest` may know what was meant."""
    compiled = re.compile(pattern)

    def read(node: Node) -> str:
        value = node.value
        if not isinstance(value, str):
            digits = _digits(value)
            raise node.reject(
                allowed, suggestion=f'"{digits}"' if digits and compiled.fullmatch(digits) else None
            )
        if len(value) > maximum:
            raise node.reject(f"{allowed}, at most {maximum} characters", f"{len(value)} characters")
        if not compiled.fullmatch(value):
            meant = suggest(value)
            raise node.reject(allowed, suggestion=meant if meant and compiled.fullmatch(meant) else None)
        return value

    return read


def decimal_text(allowed: str) -> Reader[str]:
    """A decimal identifier, which YAML may have read as a number."""

    def read(node: Node) -> str:
        digits = node.value if isinstance(node.value, str) else _digits(node.value)
        if digits and re.fullmatch(r"[1-9][0-9]{0,19}", digits):
            return digits
        raise node.reject(allowed)

    return read


def _digits(value: object) -> str | None:
    """A number that YAML read where text was meant; none for those that no identifier is as long as."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and abs(value) < 10**20 else None  # type: ignore[arg-type]


def boolean(node: Node) -> bool:
    """`true` or `false`."""
    if isinstance(node.value, bool):
        return node.value
    meant = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
    word = node.value.lower() if isinstance(node.value, str) else ""
    raise node.reject("true or false, without quotes", suggestion=meant.get(word))


def choice(options: type[Choice], refused: Mapping[str, str] | None = None) -> Reader[Choice]:
    """One of an enum's values; `refused` explains words that are known and not allowed."""
    words = [option.value for option in options if option.value not in (refused or {})]

    def read(node: Node) -> Choice:
        value = node.value
        if isinstance(value, str) and value in words:
            return options(value)
        allowed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
        if isinstance(value, str) and refused and value in refused:
            raise node.reject(f"{allowed} ({value} is {refused[value]})")
        raise node.reject(allowed, suggestion=nearest(value, words) if isinstance(value, str) else None)

    return read


def duration(at_least: str = "1h", at_most: str | None = None, whole_days: bool = False) -> Reader[Duration]:
    """A length of time between two others."""
    shortest, longest = Duration.parse(at_least), Duration.parse(at_most) if at_most else None
    limits = f", {at_least} to {at_most}" if at_most else f", at least {at_least}"

    def read(node: Node) -> Duration:
        value = node.value
        try:
            result = Duration.parse(value if isinstance(value, str) else "")
        except ValueError:
            raise node.reject(DURATION_FORM + limits, suggestion=_meant_duration(value)) from None
        if result < shortest or (longest is not None and longest < result):
            raise node.reject(DURATION_FORM + limits)
        if whole_days and result.seconds % Duration.parse("1d").seconds:
            raise node.reject(f"whole days{limits}")
        return result

    return read


def _meant_duration(value: object) -> str | None:
    """`90` -> `90d`, `90 days` -> `90d`, `2 Weeks` -> `2w`."""
    match = re.fullmatch(
        r"\s*([1-9][0-9]{0,4})\s*(|[hdw]|hours?|days?|weeks?)\s*", show(value).strip("`").lower()
    )
    return f"{match[1]}{(match[2] or 'd')[0]}" if match else None


def list_of(item: Reader[T], what: str, at_least: int = 0) -> Reader[tuple[T, ...]]:
    """A list of different items; every wrong item is reported."""

    def read(node: Node) -> tuple[T, ...]:
        if not isinstance(node.value, list):
            meant = (
                f"[{node.value}]"
                if isinstance(node.value, str) and show(node.value)[1:-1] == node.value
                else None
            )
            raise node.reject(f"a list of {what}", suggestion=meant)
        if len(node.value) < at_least:
            raise node.reject(f"a list of {what}, at least {at_least}")
        result: list[T] = []
        wrong = False
        for index, value in enumerate(node.value):
            child = node.child(index, value)
            try:
                read_item = item(child)
            except Reported:
                wrong = True
                continue
            if read_item in result:
                child.reject("each once", f"{show(value)} a second time")
            result.append(read_item)
        if wrong:
            raise Reported
        return tuple(dict.fromkeys(result))

    return read
