"""Every route of every service."""

from __future__ import annotations

from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.secret_manager import methods
from sandbox.gcp_server.services import (
    accounts,
    custom_roles,
    functions,
    logs,
    monitoring,
    pools,
    projects,
    pubsub,
    scheduler,
    service_usage,
    storage,
    token_exchange,
)

SERVICES = (
    methods,
    projects,
    service_usage,
    accounts,
    custom_roles,
    pools,
    pubsub,
    monitoring,
    logs,
    scheduler,
    functions,
    storage,
    token_exchange,
)


def all_routes() -> list[Route]:
    """The routes of all services."""
    return [route for service in SERVICES for route in service.routes()]
