"""IAM roles made in a project. A deleted one allows nothing, and blocks its id until it is gone for good.

Source: IAM "Create and manage custom roles" and "Delete and undelete a custom role" (checked 2026-11-21):
undeleted within 7 days, gone for good 30 days after that.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access.roles import ROLES
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import already_exists, invalid, not_found, precondition
from sandbox.gcp_server.paging import page
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.secret_manager.model import next_etag
from sandbox.gcp_server.services import masks

SERVICE = "iam.googleapis.com"
ALL = "/v1/projects/{project}/roles"
ONE = ALL + "/{role}"
ROLE_ID = re.compile(r"[A-Za-z0-9_.]{3,64}")
PERMISSION = re.compile(r"[a-z][A-Za-z0-9]*\.[A-Za-z][A-Za-z0-9]*\.[A-Za-z][A-Za-z0-9]*")
# Of Secret Manager every permission is known, so that a misspelt one is found.
SECRET_MANAGER = frozenset(
    "secretmanager." + name
    for name in (
        *("locations.get", "locations.list"),
        *(f"secrets.{verb}" for verb in ("create", "delete", "get", "getIamPolicy", "list")),
        *(f"secrets.{verb}" for verb in ("setIamPolicy", "update", "createTagBinding", "deleteTagBinding")),
        *("secrets.listEffectiveTags", "secrets.listTagBindings", "secrets.enableManagedRotation"),
        *(f"versions.{verb}" for verb in ("access", "add", "destroy", "disable", "enable", "get", "list")),
    )
)
# Known to IAM, and not allowed in a role of a project.
NOT_IN_PROJECTS = frozenset({"resourcemanager.projects.list"})
FIXED = ("name", "deleted")
UNDELETE_WITHIN, GONE_AFTER = timedelta(days=7), timedelta(days=37)
DELETED_AT = "_deletedAt"
Record = dict[str, Any]


def _key(call: Call, role_id: str) -> str:
    return f"projects/{call.project.project_id}/roles/{role_id}"


def _existing(call: Call, key: str) -> Record | None:
    record = call.world.records.get(key)
    if record is not None and _deleted_for(record) > GONE_AFTER:
        del call.world.records[key]
        return None
    return record


def _deleted_for(record: Record) -> timedelta:
    deleted = record.get(DELETED_AT)
    return times.now() - times.moment(deleted) if deleted else timedelta(0)


def _shown(record: Record, *, complete: bool = True) -> Record:
    hidden = () if complete else ("includedPermissions",)
    return {name: value for name, value in record.items() if not name.startswith("_") and name not in hidden}


def _checked(record: Record) -> Record:
    for permission in record.get("includedPermissions") or []:
        known = permission in SECRET_MANAGER or not permission.startswith("secretmanager.")
        if not PERMISSION.fullmatch(permission) or not known or permission in NOT_IN_PROJECTS:
            raise invalid(f"Permission {permission} is not valid.")
    return {**record, "etag": f"Bw{next_etag()[1:-1]}="}


def _create(call: Call) -> Record:
    body = call.body
    role_id = body.get("roleId") or ""
    if not ROLE_ID.fullmatch(role_id):
        raise invalid("The role_id must be 3 to 64 letters, digits, underscores and periods.")
    key = _key(call, role_id)
    existing = _existing(call, key)
    if existing is not None and existing.get("deleted"):
        raise precondition(
            f"You can't create a role with role_id ({role_id}) where there is an existing role with that "
            "role_id in a deleted state."
        )
    if existing is not None:
        raise already_exists(f"A role named {role_id} in projects/{call.project.project_id} already exists.")
    given = {name: value for name, value in (body.get("role") or {}).items() if name not in FIXED}
    call.world.records[key] = _checked({"name": key, "stage": "ALPHA", **given})
    return _shown(call.world.records[key])


def _find(call: Call) -> tuple[str, Record]:
    key = _key(call, call.names["role"])
    record = _existing(call, key)
    if record is None:
        raise not_found(f"The role named {key} was not found.")
    return key, record


def _get(call: Call) -> Record:
    return _shown(_find(call)[1])


def _list(call: Call) -> Record:
    prefix = _key(call, "")
    records = [
        record
        for key in sorted(call.world.records)
        if key.startswith(prefix) and (record := _existing(call, key)) is not None
    ]
    if call.ask("showDeleted") != "true":
        records = [record for record in records if not record.get("deleted")]
    complete = call.ask("view") == "FULL"
    shown, token = page(call, [_shown(record, complete=complete) for record in records], 1000)
    return {**({"roles": shown} if shown else {}), **({"nextPageToken": token} if token else {})}


def _patch(call: Call) -> Record:
    key, record = _find(call)
    body = call.body
    if record.get("deleted"):
        raise precondition("You can't update a role that is deleted.")
    if body.get("etag") and body["etag"] != record["etag"]:
        raise precondition("The etag of the role does not match.")
    call.world.records[key] = _checked(masks.apply(record, body, call.ask("updateMask"), FIXED))
    return _shown(call.world.records[key])


def _delete(call: Call) -> Record:
    _, record = _find(call)
    if record.get("deleted"):
        raise precondition("You can't delete a role that is already deleted.")
    record.update({"deleted": True, DELETED_AT: times.stamp(times.now())})
    return _shown(record)


def _undelete(call: Call) -> Record:
    _, record = _find(call)
    if not record.get("deleted"):
        raise precondition("You can't undelete a role that isn't deleted.")
    if _deleted_for(record) > UNDELETE_WITHIN:
        raise precondition("The role was deleted more than 7 days ago.")
    record.pop("deleted")
    record.pop(DELETED_AT)
    return _shown(record)


def _predefined(call: Call) -> Record:
    name = f"roles/{call.names['role']}"
    if name not in ROLES:
        raise not_found(f"The role named {name} was not found.")
    named = [permission for permission in ROLES[name] if "*" not in permission]
    every = sorted(SECRET_MANAGER) if "secretmanager.*" in ROLES[name] else []
    return {"name": name, "title": call.names["role"], "stage": "GA", "includedPermissions": named + every}


def routes() -> list[Route]:
    """Every route of roles."""

    def route(method: str, path: str, handler: Any, verb: str, schema: str = "") -> Route:
        return Route(method, path, handler, SERVICE, f"iam.roles.{verb}", schema)

    return [
        route("POST", ALL, _create, "create", "CreateRoleRequest"),
        route("GET", ALL, _list, "list"),
        route("GET", ONE, _get, "get"),
        route("PATCH", ONE, _patch, "update", "Role"),
        route("DELETE", ONE, _delete, "delete"),
        route("POST", f"{ONE}:undelete", _undelete, "undelete", "UndeleteRoleRequest"),
        Route("GET", "/v1/roles/{role}", _predefined, SERVICE),
    ]
