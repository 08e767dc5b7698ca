"""Service Usage: which APIs are enabled in a project. All that are known are, until one is disabled."""

from __future__ import annotations

from typing import Any

from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import GoogleError, error_info
from sandbox.gcp_server.filters import compile_filter
from sandbox.gcp_server.paging import page
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.service_names import ALSO_KNOWN, TITLES
from sandbox.gcp_server.services import operations
from sandbox.gcp_server.world import Project

SERVICE = "serviceusage.googleapis.com"
MOST_ON_A_PAGE = 200
KNOWN = {**TITLES, **ALSO_KNOWN}
PREFIX = "google.api.serviceusage.v1."


def _shown(project: Project, service: str) -> dict[str, Any]:
    if service not in KNOWN:
        raise GoogleError(
            "PERMISSION_DENIED",
            f"Not found or permission denied for service(s): {service}.",
            [error_info("SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED", SERVICE, services=service)],
        )
    return {
        "name": f"projects/{project.number}/services/{service}",
        "parent": f"projects/{project.number}",
        "config": {"name": service, "title": KNOWN[service]},
        "state": "DISABLED" if service in project.disabled_services else "ENABLED",
    }


def _get(call: Call) -> dict[str, Any]:
    return _shown(call.project, call.names["service"])


def _list(call: Call) -> dict[str, Any]:
    fits = compile_filter(call.ask("filter"))
    found = [body for body in (_shown(call.project, name) for name in sorted(KNOWN)) if fits(body)]
    shown, token = page(call, found, MOST_ON_A_PAGE)
    return {"services": shown, **({"nextPageToken": token} if token else {})}


def _batch_get(call: Call) -> dict[str, Any]:
    names = [name.rpartition("/")[2] for name in call.query.get("names", [])]
    return {"services": [_shown(call.project, name) for name in names]}


def _enable(call: Call) -> dict[str, Any]:
    service = call.names["service"]
    _shown(call.project, service)
    call.project.disabled_services.discard(service)
    return _started(call, {"service": _shown(call.project, service)}, "EnableServiceResponse")


def _disable(call: Call) -> dict[str, Any]:
    service = call.names["service"]
    _shown(call.project, service)
    if service != SERVICE:  # it could never be enabled again
        call.project.disabled_services.add(service)
    return _started(call, {"service": _shown(call.project, service)}, "DisableServiceResponse")


def _batch_enable(call: Call) -> dict[str, Any]:
    names = call.body.get("serviceIds") or []
    for name in names:
        _shown(call.project, name)
    call.project.disabled_services.difference_update(names)
    shown = [_shown(call.project, name) for name in names]
    return _started(call, {"services": shown}, "BatchEnableServicesResponse")


def _started(call: Call, response: dict[str, Any], kind: str) -> dict[str, Any]:
    prefix = f"operations/acat.p2-{call.project.number}-"
    return operations.start(call, prefix, response, PREFIX + kind, {})


def routes() -> list[Route]:
    """Every route of Service Usage."""
    all_of_them = "/v1/projects/{project}/services"
    one = all_of_them + "/{service}"

    def route(method: str, path: str, handler: Any, verb: str, schema: str = "") -> Route:
        return Route(method, path, handler, SERVICE, f"serviceusage.services.{verb}", schema)

    return [
        route("GET", all_of_them, _list, "list"),
        route("GET", f"{all_of_them}:batchGet", _batch_get, "get"),
        route("POST", f"{all_of_them}:batchEnable", _batch_enable, "enable", "BatchEnableServicesRequest"),
        route("GET", one, _get, "get"),
        route("POST", f"{one}:enable", _enable, "enable", "EnableServiceRequest"),
        route("POST", f"{one}:disable", _disable, "disable", "DisableServiceRequest"),
    ]
