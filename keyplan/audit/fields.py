"""The fields of a snapshot's entries, held against the shapes that AWS's calls return.

A field of another shape is said, and stands from then on among the entry's `Unread` ones, so that it weighs
as unknown. Of a list only the elements that have the shape are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Entry = Mapping[str, Any]
Shape = Callable[[Any], Any]  # the value, or what is left of it; raises MisshapenError where it is no such


class MisshapenError(ValueError):
    """A field that is not of its shape; `left` is what can be used of it."""

    def __init__(self, left: Any) -> None:
        super().__init__()
        self.left = left


def checked(entry: Entry, shapes: Mapping[str, Shape], where: str, problems: list[str]) -> Entry:
    """An entry whose fields have their shapes, or are among its `Unread`; a field may be absent or null."""
    changed: dict[str, Any] = {}
    for name, shape in shapes.items():
        value = entry.get(name)
        if value is None:
            continue
        try:
            shape(value)
        except MisshapenError as error:
            problems.append(f"{where}: its {name} is not of the shape that AWS returns")
            changed[name] = error.left
    if not changed:
        return entry
    unread = entry.get("Unread")
    return {**entry, **changed, "Unread": [*(unread if isinstance(unread, list) else ()), *changed]}


def _text(value: Any) -> None:
    if not isinstance(value, str):
        raise MisshapenError(None)


def _list_of(fits: Callable[[Any], bool]) -> Shape:
    def shape(value: Any) -> None:
        if not isinstance(value, list):
            raise MisshapenError([])
        kept = [each for each in value if fits(each)]
        if len(kept) != len(value):
            raise MisshapenError(kept)

    return shape


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_attached(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("PolicyArn"), str)


def _is_alias(value: Any) -> bool:
    return isinstance(value.get("AliasName") if isinstance(value, Mapping) else value, str)


def _is_tag(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    texts = (value.get("Key", value.get("TagKey")), value.get("Value", value.get("TagValue", "")))
    return all(isinstance(each, str) for each in texts)


def _is_grant(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    operations, constraints = value.get("Operations"), value.get("Constraints")
    return (
        isinstance(value.get("GranteePrincipal", ""), str)
        and isinstance(operations, list)
        and (constraints is None or _are_constraints(constraints))
    )


def _are_constraints(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        each is None
        or (isinstance(each, Mapping) and all(isinstance(text, str) for text in each.values()))
        or not name.startswith("EncryptionContext")
        for name, each in value.items()
    )


def _tags(value: Any) -> None:
    if isinstance(value, Mapping):
        if not all(isinstance(each, str) for each in value.values()):
            raise MisshapenError({key: each for key, each in value.items() if isinstance(each, str)})
        return
    _list_of(_is_tag)(value)


def _boundary(value: Any) -> None:
    if not isinstance(value, Mapping) or not isinstance(value.get("PermissionsBoundaryArn"), str):
        raise MisshapenError(None)


def _date(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise MisshapenError(None)


_PRINCIPAL: dict[str, Shape] = {
    "Path": _text,
    "AttachedManagedPolicies": _list_of(_is_attached),
    "PermissionsBoundary": _boundary,
    "Tags": _tags,
}
OF_DETAILS: dict[str, dict[str, Shape]] = {
    "UserDetailList": {
        **_PRINCIPAL,
        "UserName": _text,
        "UserPolicyList": _list_of(_is_object),
        "GroupList": _list_of(_is_text),
    },
    "RoleDetailList": {**_PRINCIPAL, "RoleName": _text, "RolePolicyList": _list_of(_is_object)},
    "GroupDetailList": {
        "GroupPolicyList": _list_of(_is_object),
        "AttachedManagedPolicies": _list_of(_is_attached),
    },
    "Policies": {"PolicyVersionList": _list_of(_is_object)},
}
OF_SECRETS: dict[str, Shape] = {"Name": _text, "Tags": _tags, "KmsKeyId": _text, "DeletedDate": _date}
OF_KEYS: dict[str, Shape] = {
    "KeyId": _text,
    "KeyState": _text,
    "KeyManager": _text,
    "Tags": _tags,
    "Aliases": _list_of(_is_alias),
    "Grants": _list_of(_is_grant),
}
