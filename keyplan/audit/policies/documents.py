"""Policy documents, read into statements: what AWS's APIs return, as an object, JSON or URL-encoded JSON.

Nothing is refused: what cannot be read becomes a statement that is unknown, so that it weighs in a verdict
instead of vanishing from it, and is reported. A document is compared with nothing here.
Source: IAM User Guide, "Grammar of the IAM JSON policy language" (checked 2026-11-21): element names are case
sensitive, and a statement's list may be a single object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import unquote

CHARACTERS_MAX = 1_000_000  # AWS's largest policy has 32 KiB
VERSION_WITH_VARIABLES = "2012-10-17"
_VERSIONS = (VERSION_WITH_VARIABLES, "2008-10-17")
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"}
    | {"Condition"}
)
_PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


class Effect(Enum):
    """What a statement does. One that cannot be read could do either."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True)
class Principals:
    """Who a statement is about, by kind; `negated` for NotPrincipal."""

    named: tuple[tuple[str, str], ...]  # ("AWS", "arn:…"), ("Service", "…"); ("AWS", "*") is everybody
    negated: bool = False


@dataclass(frozen=True)
class Atom:
    """One line of a condition block: all lines have to hold."""

    operator: str  # as it is written, with its prefix and suffix: `ForAnyValue:StringLikeIfExists`
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement, compared by identity: two with the same text are two reasons.

    `trouble` says why it cannot be weighed; its other fields are then what could be read of it.
    """

    policy: str  # the policy's name or ARN, as a person finds it
    index: int
    sid: str | None
    effect: Effect
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]  # none: the element is absent, as in a trust policy
    not_resources: bool
    principals: Principals | None
    atoms: tuple[Atom, ...]
    with_variables: bool
    text: str
    trouble: str | None = None

    @property
    def name(self) -> str:
        """`AdministratorAccess[0]`, or with its Sid `ReadKeys` in place of the number."""
        return f"{self.policy}[{self.index if self.sid is None else self.sid}]"


class UnreadableError(ValueError):
    """A document or a statement that is none; the message is a phrase without its content."""


def read_document(raw: object, policy: str, problems: list[str]) -> tuple[Statement, ...]:
    """The statements of a document; one that cannot be read gives one that is unknown for each effect.

    Args:
        raw: an object, JSON text or URL-encoded JSON text.
        policy: what to call it.
        problems: gets a line for whatever cannot be read.
    """
    try:
        document = _object(raw)
        with_variables = _version(document) == VERSION_WITH_VARIABLES
        given = document.get("Statement")
        listed = given if isinstance(given, list) else [given]
        if given is None:
            raise UnreadableError("it has no Statement")
    except UnreadableError as error:
        problems.append(f"{policy}: {error}")
        return tuple(_unknown(policy, 0, effect, str(error)) for effect in Effect)
    return tuple(
        statement
        for index, each in enumerate(listed)
        for statement in _statements(each, policy, index, with_variables, problems)
    )


def _object(raw: object) -> Mapping[str, Any]:
    if isinstance(raw, str):
        if len(raw) > CHARACTERS_MAX:
            raise UnreadableError(f"it is longer than {CHARACTERS_MAX:,} characters")
        text = raw.strip()
        try:
            raw = json.loads(unquote(text) if text[:1] == "%" else text, object_pairs_hook=_once)
        except RecursionError:
            raise UnreadableError("it is nested too deeply") from None
        except UnreadableError:
            raise
        except ValueError:
            raise UnreadableError("it is not JSON") from None
    if not isinstance(raw, Mapping):
        raise UnreadableError("it is not an object")
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. AWS takes no document in which a name stands twice: which one counts is unknown."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableError("a name stands twice in one object")
    return found


def _version(document: Mapping[str, Any]) -> str:
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise UnreadableError("its Version is none that AWS knows")
    return str(version)


def _statements(
    each: object, policy: str, index: int, with_variables: bool, problems: list[str]
) -> Iterator[Statement]:
    try:
        yield _statement(each, policy, index, with_variables)
    except UnreadableError as error:
        problems.append(f"{policy}[{index}]: {error}")
        written = each.get("Effect") if isinstance(each, Mapping) else None
        known = [effect for effect in Effect if effect.value == written]
        for effect in known or Effect:
            yield _unknown(policy, index, effect, str(error))


def _unknown(policy: str, index: int, effect: Effect, trouble: str) -> Statement:
    return Statement(
        policy, index, None, effect, ("*",), False, ("*",), False, None, (), False, trouble, trouble
    )


def _statement(each: object, policy: str, index: int, with_variables: bool) -> Statement:
    if not isinstance(each, Mapping):
        raise UnreadableError("a statement that is not an object")
    strange = [name for name in each if name not in _ELEMENTS]
    if strange:
        raise UnreadableError("a statement with an element that AWS does not know")
    effect = next((effect for effect in Effect if effect.value == each.get("Effect")), None)
    if effect is None:
        raise UnreadableError("a statement whose Effect is neither Allow nor Deny")
    actions, not_actions = _one_of(each, "Action", "NotAction", required=True)
    resources, not_resources = _one_of(each, "Resource", "NotResource", required=False)
    sid = each.get("Sid")
    if sid is not None and not isinstance(sid, str):
        raise UnreadableError("a statement whose Sid is not text")
    return Statement(
        policy,
        index,
        sid or None,
        effect,
        actions,
        not_actions,
        resources,
        not_resources,
        _principals(each),
        _atoms(each.get("Condition")),
        with_variables,
        _text(each),
    )


def _text(each: Mapping[str, Any]) -> str:
    try:
        return json.dumps(each, ensure_ascii=False, sort_keys=False)
    except (RecursionError, TypeError, ValueError):
        raise UnreadableError("a statement that JSON cannot hold") from None


def _one_of(
    each: Mapping[str, Any], name: str, negated: str, *, required: bool
) -> tuple[tuple[str, ...], bool]:
    if name in each and negated in each:
        raise UnreadableError(f"a statement with {name} and {negated}")
    if name not in each and negated not in each:
        if required:
            raise UnreadableError(f"a statement without {name}")
        return (), False
    used = name if name in each else negated
    return _texts(each[used], used), used == negated


def _texts(value: object, what: str) -> tuple[str, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(entry, str) for entry in listed):
        raise UnreadableError(f"a statement whose {what} is not text")
    return tuple(listed)


def _principals(each: Mapping[str, Any]) -> Principals | None:
    if "Principal" in each and "NotPrincipal" in each:
        raise UnreadableError("a statement with Principal and NotPrincipal")
    name = "NotPrincipal" if "NotPrincipal" in each else "Principal"
    given = each.get(name)
    if given is None:
        return None
    if isinstance(given, str):
        if given != "*":
            raise UnreadableError(f"a statement whose {name} is text other than *")
        return Principals((("AWS", "*"),), name == "NotPrincipal")
    if not isinstance(given, Mapping) or not all(kind in _PRINCIPAL_KINDS for kind in given):
        raise UnreadableError(f"a statement whose {name} has a kind that AWS does not know")
    named = tuple((kind, who) for kind, listed in given.items() for who in _texts(listed, name))
    return Principals(named, name == "NotPrincipal")


def _atoms(given: object) -> tuple[Atom, ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise UnreadableError("a statement whose Condition is not an object")
    atoms = []
    for operator, lines in given.items():
        if not isinstance(operator, str) or not isinstance(lines, Mapping):
            raise UnreadableError("a statement whose Condition is not operators with keys")
        for key, values in lines.items():
            atoms.append(Atom(operator, str(key), _scalars(values)))
    return tuple(atoms)


def _scalars(values: object) -> tuple[str, ...]:
    """The values of one key as text; JSON's numbers and truth values are written as AWS compares them."""
    listed = values if isinstance(values, list | tuple) else [values]
    found = []
    for value in listed:
        if isinstance(value, bool):
            found.append("true" if value else "false")
        elif isinstance(value, int | float):
            found.append(str(value))
        elif isinstance(value, str):
            found.append(value)
        else:
            raise UnreadableError("a condition whose value is neither text nor number")
    return tuple(found)
