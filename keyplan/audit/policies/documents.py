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
_DOCUMENT_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_COLONS_BEFORE_VARIABLES = 5  # AWS replaces variables in the part of an ARN that names the resource alone
_VARIABLES_MAX = 50  # in one value; a policy of AWS's largest size has hardly room for more


class Kind(Enum):
    """Where a document stands, and so which elements its statements have to have.

    Source: IAM User Guide, "AWS JSON policy elements: Principal" (an identity's policy has none, a resource's
    needs one) and "Resource" (a trust has none, because its role is the resource); KMS Developer Guide, "Key
    policies" (a key's statement without Resource has no effect); checked 2026-11-22.
    """

    IDENTITY = "identity"
    RESOURCE = "resource"
    KEY = "key"
    TRUST = "trust"


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

    def texts(self) -> Iterator[str]:
        """Whatever can have a variable in it."""
        if self.with_variables:
            yield from self.resources
            for atom in self.atoms:
                yield from atom.values


class UnreadableError(ValueError):
    """A document or a statement that is none; the message is a phrase without its content."""


def read_document(
    raw: object, policy: str, problems: list[str], kind: Kind | None = None
) -> tuple[Statement, ...]:
    """The statements of a document; one that cannot be read gives one that is unknown for each effect.

    Args:
        raw: an object, JSON text or URL-encoded JSON text.
        policy: what to call it.
        problems: gets a line for whatever cannot be read.
        kind: where it stands; None takes every element as it comes.
    """
    try:
        document = _object(raw)
        with_variables = _version(document) == VERSION_WITH_VARIABLES
        given = document.get("Statement")
        listed = given if isinstance(given, list) else [given]
        if given is None:
            raise UnreadableError("it has no Statement")
        if not _DOCUMENT_ELEMENTS.issuperset(document):
            raise UnreadableError("it has an element that AWS does not know")
    except UnreadableError as error:
        problems.append(f"{policy}: {error}")
        return tuple(_unknown(policy, 0, effect, str(error)) for effect in Effect)
    return tuple(
        statement
        for index, each in enumerate(listed)
        for statement in _statements(each, policy, index, with_variables, problems, kind)
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
    if raw is None:
        raise UnreadableError("it is not in the snapshot")
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
    each: object, policy: str, index: int, with_variables: bool, problems: list[str], kind: Kind | None
) -> Iterator[Statement]:
    try:
        read = _statement(each, policy, index, with_variables, kind)
        if kind is not Kind.KEY or read.resources:
            yield read
    except UnreadableError as error:
        problems.append(f"{policy}[{index}]: {error}")
        written = each.get("Effect") if isinstance(each, Mapping) else None
        known = [effect for effect in Effect if effect.value == written]
        for effect in known or Effect:
            yield _unknown(policy, index, effect, str(error), *_actions_of(each))


def _unknown(
    policy: str,
    index: int,
    effect: Effect,
    trouble: str,
    actions: tuple[str, ...] = ("*",),
    not_actions: bool = False,
) -> Statement:
    return Statement(
        policy, index, None, effect, actions, not_actions, ("*",), False, None, (), False, trouble, trouble
    )


def _actions_of(each: object) -> tuple[tuple[str, ...], bool]:
    """What a statement that cannot be read is about, if that much can be: else everything."""
    try:
        if isinstance(each, Mapping) and _ELEMENTS.issuperset(each):
            return _actions(each)
    except UnreadableError:
        pass
    return ("*",), False


def _statement(each: object, policy: str, index: int, with_variables: bool, kind: Kind | None) -> Statement:
    if not isinstance(each, Mapping):
        raise UnreadableError("a statement that is not an object")
    if not _ELEMENTS.issuperset(each):
        raise UnreadableError("a statement with an element that AWS does not know")
    _check_place(each, kind)
    effect = next((effect for effect in Effect if effect.value == each.get("Effect")), None)
    if effect is None:
        raise UnreadableError("a statement whose Effect is neither Allow nor Deny")
    actions, not_actions = _actions(each)
    resources, not_resources = _resources(each, with_variables)
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
        _atoms(each, with_variables),
        with_variables,
        _text(each),
    )


def _check_place(each: Mapping[str, Any], kind: Kind | None) -> None:
    """The elements that the kind of policy needs, and those that it cannot have."""
    names_somebody = "Principal" in each or "NotPrincipal" in each
    if kind is Kind.IDENTITY and names_somebody:
        raise UnreadableError("a statement with Principal, which an identity's policy cannot have")
    if kind in (Kind.IDENTITY, Kind.RESOURCE) and "Resource" not in each and "NotResource" not in each:
        raise UnreadableError("a statement without Resource")
    if kind in (Kind.RESOURCE, Kind.KEY, Kind.TRUST) and not names_somebody:
        raise UnreadableError("a statement without Principal")


def _actions(each: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    actions, negated = _one_of(each, "Action", "NotAction", required=True)
    if any(":" not in action and action != "*" for action in actions):
        raise UnreadableError("a statement with an action that names no service")
    return actions, negated


def _resources(each: Mapping[str, Any], with_variables: bool) -> tuple[tuple[str, ...], bool]:
    resources, negated = _one_of(each, "Resource", "NotResource", required=False)
    for text in resources:
        if not text.startswith(("arn:", "*", "?", "${")):
            raise UnreadableError("a statement whose Resource is no ARN")
        # Source: IAM User Guide, "Variables and tags", "Resource element" (checked 2026-11-22).
        if with_variables and "${" in text and text.partition("${")[0].count(":") < _COLONS_BEFORE_VARIABLES:
            raise UnreadableError("a statement with a variable before the last part of a Resource's ARN")
    _check_variables(resources, with_variables)
    return resources, negated


def _check_variables(texts: tuple[str, ...], with_variables: bool) -> None:
    if with_variables and any(text.count("${") > _VARIABLES_MAX for text in texts):
        raise UnreadableError(f"a statement with more than {_VARIABLES_MAX} variables in one value")


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
    if not listed:
        raise UnreadableError(f"a statement whose {what} is empty")
    return tuple(listed)


def _principals(each: Mapping[str, Any]) -> Principals | None:
    if "Principal" in each and "NotPrincipal" in each:
        raise UnreadableError("a statement with Principal and NotPrincipal")
    name = "NotPrincipal" if "NotPrincipal" in each else "Principal"
    if name not in each:
        return None
    given = each[name]
    if isinstance(given, str):
        if given != "*":
            raise UnreadableError(f"a statement whose {name} is text other than *")
        return Principals((("AWS", "*"),), name == "NotPrincipal")
    if not isinstance(given, Mapping) or not all(kind in _PRINCIPAL_KINDS for kind in given):
        raise UnreadableError(f"a statement whose {name} has a kind that AWS does not know")
    named = tuple((kind, who) for kind, listed in given.items() for who in _texts(listed, name))
    if not named:
        raise UnreadableError(f"a statement whose {name} is empty")
    return Principals(named, name == "NotPrincipal")


def _atoms(each: Mapping[str, Any], with_variables: bool) -> tuple[Atom, ...]:
    if "Condition" not in each:
        return ()
    given = each["Condition"]
    if not isinstance(given, Mapping):
        raise UnreadableError("a statement whose Condition is not an object")
    atoms = []
    for operator, lines in given.items():
        if not isinstance(operator, str) or not isinstance(lines, Mapping):
            raise UnreadableError("a statement whose Condition is not operators with keys")
        for key, values in lines.items():
            atoms.append(Atom(operator, str(key), _scalars(values)))
            _check_variables(atoms[-1].values, with_variables)
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
    if not found:
        raise UnreadableError("a condition without a value")
    return tuple(found)
