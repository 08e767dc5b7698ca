"""The methods of the API: which permission each needs, what is logged of it, and that both happen.

Source: secretmanager v1 discovery document; Secret Manager "Access control with IAM" and "Audit logging".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.gcp_server import audit
from sandbox.gcp_server.access.decisions import Resource, decide
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import GoogleError, denied, not_found
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.secret_manager import secrets, versions
from sandbox.gcp_server.secret_manager.model import Secret
from sandbox.gcp_server.secret_manager.secrets import SERVICE

RPC_PREFIX = "google.cloud.secretmanager.v1.SecretManagerService."
PROJECT = "/v1/projects/{project}/secrets"
SECRET = "/v1/projects/{project}/secrets/{secret}"  # noqa: S105
VERSION = "/v1/projects/{project}/secrets/{secret}/versions/{version}"


@dataclass(frozen=True)
class Method:
    """One method. `on_project` and `on_secret` say what it acts on; exactly one is there."""

    http: str
    path: str
    rpc: str
    permission: str  # after `secretmanager.`
    log_type: str
    schema: str = ""
    on_project: Callable[[Call], dict[str, Any]] | None = None
    on_secret: Callable[[Call, Secret], dict[str, Any]] | None = None


METHODS = (
    Method("POST", PROJECT, "CreateSecret", "secrets.create", "ADMIN_WRITE", "Secret", secrets.create),
    Method("GET", PROJECT, "ListSecrets", "secrets.list", "ADMIN_READ", "", secrets.list_secrets),
    Method("GET", SECRET, "GetSecret", "secrets.get", "ADMIN_READ", on_secret=secrets.get),
    Method("PATCH", SECRET, "UpdateSecret", "secrets.update", "ADMIN_WRITE", "Secret", None, secrets.patch),
    Method("DELETE", SECRET, "DeleteSecret", "secrets.delete", "ADMIN_WRITE", on_secret=secrets.delete),
    Method(
        "GET",
        f"{SECRET}:getIamPolicy",
        "GetIamPolicy",
        "secrets.getIamPolicy",
        "ADMIN_READ",
        on_secret=secrets.get_policy,
    ),
    Method(
        "POST",
        f"{SECRET}:setIamPolicy",
        "SetIamPolicy",
        "secrets.setIamPolicy",
        "ADMIN_WRITE",
        "SetIamPolicyRequest",
        on_secret=secrets.set_policy,
    ),
    Method(
        "POST",
        f"{SECRET}:addVersion",
        "AddSecretVersion",
        "versions.add",
        "ADMIN_WRITE",
        "AddSecretVersionRequest",
        on_secret=versions.add,
    ),
    Method(
        "GET",
        f"{SECRET}/versions",
        "ListSecretVersions",
        "versions.list",
        "ADMIN_READ",
        on_secret=versions.list_versions,
    ),
    Method("GET", VERSION, "GetSecretVersion", "versions.get", "ADMIN_READ", on_secret=versions.get),
    Method(
        "GET",
        f"{VERSION}:access",
        "AccessSecretVersion",
        "versions.access",
        "DATA_READ",
        on_secret=versions.access,
    ),
    Method(
        "POST",
        f"{VERSION}:enable",
        "EnableSecretVersion",
        "versions.enable",
        "ADMIN_WRITE",
        "EnableSecretVersionRequest",
        on_secret=versions.enable,
    ),
    Method(
        "POST",
        f"{VERSION}:disable",
        "DisableSecretVersion",
        "versions.disable",
        "ADMIN_WRITE",
        "DisableSecretVersionRequest",
        on_secret=versions.disable,
    ),
    Method(
        "POST",
        f"{VERSION}:destroy",
        "DestroySecretVersion",
        "versions.destroy",
        "ADMIN_WRITE",
        "DestroySecretVersionRequest",
        on_secret=versions.destroy,
    ),
)


def routes() -> list[Route]:
    """Every route of Secret Manager."""
    found = [
        Route(method.http, method.path, _carrying_out(method), SERVICE, request_schema=method.schema)
        for method in METHODS
    ]
    test = Route(
        "POST",
        f"{SECRET}:testIamPermissions",
        _test_permissions,
        SERVICE,
        request_schema="TestIamPermissionsRequest",
    )
    return [*found, test]


def _test_permissions(call: Call) -> dict[str, Any]:
    return secrets.test_permissions(call, secrets.find(call.project, call.names["secret"]))


def _carrying_out(method: Method) -> Callable[[Call], dict[str, Any]]:
    def carry_out(call: Call) -> dict[str, Any]:
        secret = secrets.find(call.project, call.names["secret"]) if "secret" in call.names else None
        resource = _resource(call, secret)
        permission = f"secretmanager.{method.permission}"
        decision = decide(call.project, call.caller, permission, resource)
        error: GoogleError | None = None
        try:
            if not decision.allowed:
                raise denied(permission, resource.shown_name, decision.remark)
            return _answer(method, call, secret)
        except GoogleError as refusal:
            error = refusal
            raise
        finally:
            audit.record(
                call,
                call.project,
                service=SERVICE,
                method=RPC_PREFIX + method.rpc,
                log_type=method.log_type,
                resource_name=resource.name,
                permission=permission,
                granted=decision.allowed,
                error=error,
            )

    return carry_out


def _answer(method: Method, call: Call, secret: Secret | None) -> dict[str, Any]:
    if method.on_project is not None:
        return method.on_project(call)
    assert method.on_secret is not None  # noqa: S101  # one of the two is there
    if secret is None:
        name = secrets.secret_name(call.project, call.names["secret"])
        ending = " or has no versions" if "version" in call.names else ""
        raise not_found(f"Secret [{name}] not found{ending}.")
    return method.on_secret(call, secret)


def _resource(call: Call, secret: Secret | None) -> Resource:
    project, names = call.project, call.names
    shown = f"projects/{names['project']}"
    if "secret" not in names:
        kind = "cloudresourcemanager.googleapis.com/Project"
        return Resource(shown, f"projects/{project.number}", kind, "cloudresourcemanager.googleapis.com")
    below, kind = f"/secrets/{names['secret']}", "Secret"
    if "version" in names:
        below, kind = f"{below}/versions/{names['version']}", "SecretVersion"
    policy = secret.policy if secret is not None else None
    return Resource(shown + below, f"projects/{project.number}{below}", f"{SERVICE}/{kind}", SERVICE, policy)
