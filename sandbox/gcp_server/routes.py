"""Every route of every service."""

from __future__ import annotations

from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.secret_manager import methods


def all_routes() -> list[Route]:
    """The routes of all services."""
    return methods.routes()
