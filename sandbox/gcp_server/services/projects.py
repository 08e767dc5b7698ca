"""Cloud Resource Manager: projects and their policies. v1 and v3 show the same project in two shapes."""

from __future__ import annotations

import re
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access.decisions import Resource, decide
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import already_exists, invalid
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services import operations
from sandbox.gcp_server.world import PROJECT_NAME, Project

SERVICE = "cloudresourcemanager.googleapis.com"
V3 = {"document": "cloudresourcemanager.v3"}
AUDITED_TYPES = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
SERVICE_NAME = re.compile(r"allServices|[a-z0-9-]+(\.[a-z0-9-]+)+")


def _shown_v1(project: Project) -> dict[str, Any]:
    body = {
        "projectNumber": project.number,
        "projectId": project.project_id,
        "lifecycleState": "ACTIVE",
        "name": project.project_id,
        "createTime": times.stamp(project.created),
    }
    return {**body, "labels": dict(project.labels)} if project.labels else body


def _shown_v3(project: Project) -> dict[str, Any]:
    return {
        "name": f"projects/{project.number}",
        "projectId": project.project_id,
        "state": "ACTIVE",
        "displayName": project.project_id,
        "createTime": times.stamp(project.created),
        "updateTime": times.stamp(project.created),
        "etag": 'W/"sandbox"',
        **({"labels": dict(project.labels)} if project.labels else {}),
    }


def _get(call: Call) -> dict[str, Any]:
    return _shown_v1(call.project)


def _get_v3(call: Call) -> dict[str, Any]:
    return _shown_v3(call.project)


def _visible(call: Call) -> list[Project]:
    permission = "resourcemanager.projects.get"
    return [
        item for item in call.world.projects if decide(item, call.caller, permission, _itself(item)).allowed
    ]


def _list(call: Call) -> dict[str, Any]:
    return {"projects": [_shown_v1(item) for item in _visible(call)]}


def _create(call: Call) -> dict[str, Any]:
    body = call.body
    project_id = body.get("projectId") or ""
    if not PROJECT_NAME.fullmatch(project_id):
        raise invalid("A project id has 6 to 30 lower-case letters, digits and hyphens.")
    if call.world.find_project(project_id) is not None:
        raise already_exists("Requested entity already exists")
    project = call.world.new_project(project_id, call.caller.member)
    project.labels = dict(body.get("labels") or {})
    return operations.start(
        call, "operations/cp.", _shown_v1(project), "google.cloudresourcemanager.v1.Project", {}
    )


def _get_policy(call: Call) -> dict[str, Any]:
    version = (call.body.get("options") or {}).get("requestedPolicyVersion") or 0
    return call.project.policy.shown(int(version))


def _set_policy(call: Call) -> dict[str, Any]:
    body = call.body
    policy = body.get("policy") or {}
    for config in policy.get("auditConfigs") or []:
        _check_audit_config(config)
    call.project.policy.replace(call.project, policy, body.get("updateMask") or "")
    return call.project.policy.shown(3)


def _check_audit_config(config: dict[str, Any]) -> None:
    types = [entry.get("logType") for entry in config.get("auditLogConfigs") or []]
    if not SERVICE_NAME.fullmatch(config.get("service") or ""):
        raise invalid("An audit configuration names a service, or allServices.")
    if not types or any(kind not in AUDITED_TYPES for kind in types):
        raise invalid(f"An audit configuration has log types of {', '.join(AUDITED_TYPES)}.")


def _itself(project: Project) -> Resource:
    return Resource(
        f"projects/{project.project_id}", f"projects/{project.number}", f"{SERVICE}/Project", SERVICE
    )


def _test(call: Call) -> dict[str, Any]:
    wanted = call.body.get("permissions") or []
    resource = _itself(call.project)
    held = [item for item in wanted if decide(call.project, call.caller, item, resource).allowed]
    return {"permissions": held} if held else {}


def routes() -> list[Route]:
    """Every route of projects."""
    get, read, write = (
        f"resourcemanager.projects.{verb}" for verb in ("get", "getIamPolicy", "setIamPolicy")
    )
    found = [
        Route("GET", "/v1/projects", _list, SERVICE),
        Route("POST", "/v1/projects", _create, SERVICE, request_schema="Project"),
        Route("GET", "/v1/projects/{project}", _get, SERVICE, get),
        Route("GET", "/v3/projects/{project}", _get_v3, SERVICE, get, options=V3),
        Route("GET", "/v1/operations/{operation}", operations.get, SERVICE),
    ]
    for version in ("v1", "v3"):
        path, options = f"/{version}/projects/{{project}}", V3 if version == "v3" else {}
        rows = (
            ("getIamPolicy", _get_policy, read),
            ("setIamPolicy", _set_policy, write),
            ("testIamPermissions", _test, ""),
        )
        for verb, handler, permission in rows:
            schema = f"{verb[0].upper()}{verb[1:]}Request"
            found.append(
                Route("POST", f"{path}:{verb}", handler, SERVICE, permission, schema, options=options)
            )
    return found
