"""One request, as handlers read it, and as the record of requests keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.vendor_server.errors import invalid

CREDENTIAL_HEADERS = ("x-api-key", "authorization")


@dataclass(frozen=True)
class Request:
    """What was asked. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    content: bytes

    def ask(self, name: str, default: str = "") -> str:
        """One query parameter."""
        given = self.query.get(name)
        return given[0] if given else default

    def ask_all(self, name: str) -> list[str]:
        """A parameter that may be there several times, with or without the brackets of a list."""
        return [*self.query.get(f"{name}[]", ()), *self.query.get(name, ())]

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body. Raises a 400 for what is none."""
        try:
            given = json.loads(self.content or b"{}")
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise invalid("The request body is not valid JSON.")
        return given


@dataclass(frozen=True)
class SeenRequest:
    """A request that was answered, without its credential."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]  # in lower case; a credential's is not among them
    credential: str | None  # "x-api-key", "bearer" or None
    key_id: str | None  # of the key that the credential is, alive or dead
    status: int  # 0: nothing was answered
