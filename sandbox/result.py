"""What a run did, as its callers see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

ChangeKind = Literal["created", "updated", "replaced", "deleted", "kept", "adopted", "forgotten"]
Mode = Literal["preview", "up", "destroy"]


@dataclass(frozen=True)
class Change:
    """What happened, or in a preview would happen, to one resource.

    `adopted`: it existed and belongs to the stack from now on. `forgotten`: it left the program with
    retainOnDelete, so it goes on existing without the stack.
    """

    kind: ChangeKind
    urn: str
    type: str
    name: str


Report = Callable[[Change], None]


@dataclass(frozen=True)
class Result:
    """A run that ended well."""

    outputs: dict[str, Any] = field(default_factory=dict)
    """The program's exports as plain JSON values; secrets are masked."""
    changes: list[Change] = field(default_factory=list)
    """One entry a resource, in the order in which it was done."""
    diagnostics: list[str] = field(default_factory=list)
    """What the program printed, and what it logged as a warning or worse."""
    state_discarded: bool = False
    """The server is another one than the state was made with, so everything was made again."""
