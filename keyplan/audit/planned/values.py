"""Inputs of planned resources, with what only the update will know foreseen where AWS makes it predictable.

A name and an account make the ARN of a role; a secret's has six characters more, for which a stand-in stands
that every `-??????` fits. What an input refers to is told by the resources whose outputs are in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyplan.audit.planned.steps import HIDDEN, UNKNOWN, State, Step

SECRET_SUFFIX = "Future"  # noqa: S105 - part of a name; six characters, like those that Secrets Manager chooses
_ARN_ELEMENTS = ("Resource", "NotResource", "Principal", "NotPrincipal")


@dataclass(frozen=True)
class Place:
    """Where new resources of a step are made."""

    partition: str
    account: str
    region: str


@dataclass(frozen=True)
class Identity:
    """What a planned resource is called, foreseen or known."""

    kind: str
    arn: str
    name: str


def is_open(value: object) -> bool:
    """Whether an input, or something in it, is not known or is hidden."""
    if isinstance(value, str):
        return UNKNOWN in value or value == HIDDEN
    if isinstance(value, Mapping):
        return any(is_open(each) for each in value.values())
    return isinstance(value, list) and any(map(is_open, value))


def text_of(state: State, name: str) -> str | None:
    """An input that is text and known."""
    value = state.inputs.get(name)
    return value if isinstance(value, str) and not is_open(value) else None


def name_of(step: Step, state: State) -> str | None:
    """What a resource is called in AWS; None where a prefix is given and AWS or the update makes the rest."""
    for place in (state.inputs, state.outputs, step.old.outputs if step.old and step.op == "update" else {}):
        value = place.get("name")
        if isinstance(value, str) and not is_open(value):
            return value
    return None


def known_arn(step: Step) -> str | None:
    """The ARN of what exists: a replacement gets another one."""
    for state in (step.new, step.old if step.op == "update" else None):
        for arn in (state.outputs.get("arn"), state.id) if state else ():
            if isinstance(arn, str) and arn.startswith("arn:") and not is_open(arn):
                return arn
    return None


def tags_of(state: State) -> list[dict[str, str]] | None:
    """A resource's tags as AWS lists them, the provider's default tags included; None: not known."""
    for name in ("tagsAll", "tags"):
        value = state.inputs.get(name)
        if isinstance(value, Mapping) and not is_open(value):
            return [{"Key": str(key), "Value": str(each)} for key, each in value.items()]
    given = state.inputs.get("tagsAll") or state.inputs.get("tags")
    return [] if not given else None


class References:
    """The resources of a plan by URN, for inputs that refer to them."""

    def __init__(self) -> None:
        self._made: dict[str, Identity | None] = {}

    def add(self, urn: str, identity: Identity | None) -> None:
        """Tell of a resource with a making step; None: nothing is foreseen of it."""
        self._made[urn] = identity

    def identity(self, urn: str) -> Identity | None:
        """What a resource of the plan is called."""
        return self._made.get(urn)

    def target(self, state: State, name: str, *kinds: str) -> Identity | str | None:
        """What an input refers to: the text itself where it is known, else the one resource of a fitting
        kind whose outputs are in it; None where that is not one.
        """
        value = state.inputs.get(name)
        if value is None or value == HIDDEN:
            return None
        if isinstance(value, str) and not is_open(value):
            return value
        found = [each for each in self._behind(state, name) if each is not None and each.kind in kinds]
        return found[0] if len(found) == 1 else None

    def document_in(self, value: object, state: State, name: str) -> object | None:
        """A policy document that is an input, or stands somewhere within one.

        Returns: the document, with ARNs foreseen; None where not even that makes it known.
        """
        if not is_open(value):
            return value
        if value in (UNKNOWN, HIDDEN):
            return None
        behind = self._behind(state, name)
        if len(behind) != 1 or behind[0] is None:
            return None
        try:
            parsed = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            return None
        filled = _filled(parsed, behind[0].arn)
        return None if is_open(filled) else filled

    def _behind(self, state: State, name: str) -> list[Identity | None]:
        """The resources whose outputs are in an input and may not be known yet: what stays has no step."""
        urns = dict.fromkeys(state.depends.get(name, ()))
        return [self._made[urn] for urn in urns if urn in self._made]


def _filled(document: Any, arn: str) -> Any:
    """A document with an ARN wherever one has to stand and is not known yet."""
    if not isinstance(document, Mapping):
        return document
    given = document.get("Statement")
    statements = given if isinstance(given, list) else [given]
    return {**document, "Statement": [_filled_statement(each, arn) for each in statements]}


def _filled_statement(statement: Any, arn: str) -> Any:
    if not isinstance(statement, Mapping):
        return statement
    result = {
        key: _replaced(value, arn) if key in _ARN_ELEMENTS else value for key, value in statement.items()
    }
    conditions = statement.get("Condition")
    if isinstance(conditions, Mapping):
        result["Condition"] = {
            operator: {
                key: _replaced(value, arn) if _is_arn_key(key) else value for key, value in block.items()
            }
            if isinstance(block, Mapping)
            else block
            for operator, block in conditions.items()
        }
    return result


def _is_arn_key(key: object) -> bool:
    """`aws:PrincipalArn`, `aws:SourceArn`, `kms:EncryptionContext:SecretARN`."""
    return isinstance(key, str) and key.lower().endswith("arn")


def _replaced(value: Any, arn: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(each, arn) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, arn) for each in value]
    return arn if value == UNKNOWN else value
