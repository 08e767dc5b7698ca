"""Tags of principals, secrets and keys, as condition keys name them.

Owns what a condition key knows of them. Whose they are is `callers`, `secrets` and `estate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyplan.audit.policies.values import Known, Missing, Value
from keyplan.audit.snapshot import is_unread


class DoubledTags(dict[str, str]):
    """Tags without those whose key stands in two spellings.

    A condition key has no case and means one of them, which one AWS does not say. Source: IAM User Guide,
    "AWS global condition context keys", aws:ResourceTag (checked 2026-11-22).
    """

    doubled: frozenset[str] = frozenset()


class UnreadTags(DoubledTags):
    """Tags of which there may be more than could be collected."""


def tags_in(entry: Mapping[str, Any] | None) -> dict[str, str]:
    """The tags of an entry, by key in lower case; UnreadTags where the snapshot says that it lacks some."""
    tags = _tags_of((entry or {}).get("Tags"))
    if not is_unread(entry, "Tags"):
        return tags
    known = UnreadTags(tags)
    known.doubled = tags.doubled
    return known


def _tags_of(value: object) -> DoubledTags:
    """Tags as AWS lists them, or as a mapping, by key in lower case: condition keys have no case."""
    found, doubled = DoubledTags(), set()
    for name, text in _listed_tags(value):
        if found.setdefault(name.lower(), text) != text:
            doubled.add(name.lower())
    for name in doubled:
        del found[name]
    found.doubled = frozenset(doubled)
    return found


def _listed_tags(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield from ((str(key), str(text)) for key, text in value.items())
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping):
            yield str(each.get("Key", each.get("TagKey"))), str(each.get("Value", each.get("TagValue", "")))


def tag_value(tags: Mapping[str, str], name: str) -> Value:
    """What a condition key about a tag holds; `name` is in lower case."""
    if name in tags:
        return Known((tags[name],))
    open_name = isinstance(tags, DoubledTags) and name in tags.doubled
    return Missing.STRANGE if open_name or isinstance(tags, UnreadTags) else Missing.ABSENT
