"""Update masks: which fields of a message a change is about."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from sandbox.gcp_server.errors import invalid


def apply(old: dict[str, Any], given: dict[str, Any], mask: str, fixed: tuple[str, ...]) -> dict[str, Any]:
    """The record with the masked fields replaced; one that is masked and not given is taken away.

    Args:
        mask: paths with commas between, in snake case or camel case; every given field when empty.
        fixed: fields that cannot be changed. They are passed over without a mask; naming one in it fails.
    """
    paths = [camel(path.strip()) for path in mask.split(",") if path.strip()]
    if paths == ["*"]:
        paths = sorted({*old, *given} - set(fixed))
    if not paths:
        paths = [name for name in given if name not in fixed]
    changed = deepcopy(old)
    for path in paths:
        if path.partition(".")[0] in fixed:
            raise invalid(f"The field {path} in the update mask cannot be changed.")
        _put(changed, given, path.split("."))
    return changed


def camel(path: str) -> str:
    """A path in camel case; what follows a dot within labels is not touched."""
    parts = []
    for part in path.split("."):
        first, *others = part.split("_")
        parts.append(first + "".join(word.capitalize() for word in others))
    return ".".join(parts)


def _put(target: dict[str, Any], source: Any, path: list[str]) -> None:
    name, *rest = path
    inside = isinstance(source, dict) and name in source
    if not rest:
        if inside:
            target[name] = deepcopy(source[name])
        else:
            target.pop(name, None)
        return
    inner = target.setdefault(name, {})
    if not isinstance(inner, dict):
        raise invalid("The update mask goes into a field that has no fields.")
    _put(inner, source[name] if inside else {}, rest)
