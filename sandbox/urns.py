"""URNs: what resources are called in the state, and what they were called before, as aliases tell.

Both engines write the same URNs. Only Pulumi's own follows aliases: the builtin one works out the former URNs
to notice when one would have mattered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

STACK = "pulumi:pulumi:Stack"


def make_urn(stack: str, project: str, parent: str, kind: str, name: str) -> str:
    """A resource's URN; children of the stack itself carry no parent's type."""
    parents = _chain(parent) if parent else ""
    qualified = f"{parents}${kind}" if parents and parents != STACK else kind
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def type_of(urn: str) -> str:
    """The resource's own type."""
    return _chain(urn).rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The resource's name in the program."""
    return urn.split("::", 3)[3]


def former_urns(urn: str, request: Any, inherited: Iterable[str]) -> tuple[str, ...]:
    """Every URN that a resource had before.

    A child follows its parent: where its name begins with the parent's, it began with the parent's former
    name then. Source: generateAliases in Pulumi's pkg/resource/deploy (3.259.0, read 2026-11-21).

    Args:
        urn: its present one.
        request: its registration, with its own aliases.
        inherited: the parent's former URNs.
    """
    own = [*request.aliasURNs, *(_of_alias(urn, request, alias) for alias in request.aliases)]
    found = list(own)
    for parent in inherited:
        for child in (urn, *own):
            name = name_of(child)
            if name.startswith(name_of(request.parent)):
                name = name_of(parent) + name.removeprefix(name_of(request.parent))
            stack, project = parent.split("::")[0].removeprefix("urn:pulumi:"), parent.split("::")[1]
            found.append(make_urn(stack, project, parent, type_of(child), name))
    return tuple(dict.fromkeys(each for each in found if each != urn))


def _of_alias(urn: str, request: Any, alias: Any) -> str:
    """The URN that an alias means: what it leaves out is as it is now."""
    if alias.urn:
        return str(alias.urn)
    spec = alias.spec
    head, project = urn.split("::")[:2]
    parent = "" if spec.noParent else spec.parentUrn or request.parent
    return make_urn(
        spec.stack or head.removeprefix("urn:pulumi:"),
        spec.project or project,
        parent,
        spec.type or request.type,
        spec.name or request.name,
    )


def _chain(urn: str) -> str:
    return urn.split("::")[2]
