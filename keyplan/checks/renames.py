"""Former names of keys and of consumers: each belongs to one entry, and to none that is there today.

A former name lives on in the names of cloud resources, so two entries may share none of theirs, present or
former: they would claim one secret, one role or one alarm.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.checks.fields import Node
from keyplan.checks.pasted import show
from keyplan.checks.problems import spell

FIELD = "renamedFrom"


def check_renames(kind: str, raw: Mapping[str, Node]) -> None:
    """Report former names that cannot be right.

    Args:
        kind: `key` or `consumer`, for the message.
        raw: the entries as they are written, by name: one with another mistake still has its names.
    """
    first: dict[str, str] = {}
    for name, entry in sorted(raw.items()):
        written = former_names_of(entry)
        for child in written:
            former = child.value
            if former == name:
                if child is written[-1]:
                    child.reject(f"the name that this {kind} had before, not its present one")
            elif former in raw:
                child.reject(
                    f"a name that no {kind} has any more; leave the field out of a new {kind}",
                    f"{show(former)}, which is a {kind} of this catalogue",
                )
            elif first.setdefault(former, name) != name:
                child.reject(
                    f"a name that one {kind} had before",
                    f"{show(former)}, which is also the former name of {spell((first[former],))}",
                )


def former_names_of(entry: Node) -> list[Node]:
    """An entry's former names as they are written, the oldest first; what is no text is left out."""
    written = entry.value.get(FIELD) if isinstance(entry.value, Mapping) else None
    child = entry.child(FIELD, written)
    each = (
        [child.child(index, value) for index, value in enumerate(written)]
        if isinstance(written, list)
        else [child]
    )
    return [node for node in each if isinstance(node.value, str)]
