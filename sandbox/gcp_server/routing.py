"""Which function answers which path; paths are as in discovery documents: /v1/projects/{project}/…:verb."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sandbox.gcp_server.calls import Call

Handler = Callable[[Call], Any]
VERB = re.compile(r"(.*):([A-Za-z]+)")


@dataclass(frozen=True)
class Route:
    """One method of one API."""

    method: str
    path: str
    handler: Handler
    service: str  # "secretmanager.googleapis.com"
    permission: str = ""  # that the caller needs in the project; "" when the handler decides by itself
    request_schema: str = ""  # in the service's discovery document; "" takes no body, "*" takes any
    open_to_all: bool = False  # needs no credential (the token exchange)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[str, tuple[str, ...], str]:
        """Method, segments and verb."""
        segments, verb = split(self.path)
        return self.method, tuple(segments), verb


def split(path: str) -> tuple[list[str], str]:
    """A path's segments, percent-decoded, and its verb. An encoded slash stays within its segment."""
    raw = path.strip("/").split("/")
    match = None if "storage" in raw[:2] else VERB.fullmatch(raw[-1])
    verb = ""
    if match is not None:
        raw[-1], verb = match.groups()
    return [unquote(segment) for segment in raw], verb


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_shape: dict[tuple[str, int, str], list[tuple[tuple[str, ...], Route]]] = {}
        for route in routes:
            method, segments, verb = route.shape
            self._by_shape.setdefault((method, len(segments), verb), []).append((segments, route))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and the path's open parts."""
        segments, verb = split(path)
        for pattern, route in self._by_shape.get((method, len(segments), verb), ()):
            names = _matched(pattern, segments)
            if names is not None:  # no two routes fit the same path
                return route, names
        return None


def _matched(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    names = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            if not given:
                return None
            names[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return names
