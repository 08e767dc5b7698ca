"""One request: what was asked, of which service, by whom."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.gcp_server.errors import invalid

if TYPE_CHECKING:
    from sandbox.gcp_server.access.identity import Identity
    from sandbox.gcp_server.world import Project, World


@dataclass(frozen=True)
class Call:
    """A request on its way to a handler. `names` are the parts of the path that the route leaves open."""

    world: World
    method: str
    path: str
    names: Mapping[str, str]
    query: Mapping[str, list[str]]
    content: bytes
    content_type: str
    caller: Identity
    caller_address: str = "127.0.0.1"
    user_agent: str = ""
    # What the route's own description says; handlers that serve many routes look here.
    options: Mapping[str, Any] = field(default_factory=dict)

    def ask(self, name: str, default: str = "") -> str:
        """A query parameter, by its camelCase or its snake_case name."""
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        given = self.query.get(name) or self.query.get(snake)
        return given[0] if given else default

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body; {} when there is none. Raises INVALID_ARGUMENT for what is no object."""
        if not self.content.strip():
            return {}
        try:
            given = json.loads(self.content)
        except ValueError:
            # The text is not quoted: it may hold a value.
            raise invalid("Invalid JSON payload received. Parsing terminated before end of input.") from None
        if not isinstance(given, dict):
            raise invalid('Invalid JSON payload received. Unknown name "": Root element must be a message.')
        return given

    @property
    def project(self) -> Project:
        """The project that the path names; the dispatcher has made sure that there is one."""
        return self.world.project(self.names["project"])
