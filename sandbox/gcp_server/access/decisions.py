"""The decision: may this caller use this permission on this resource?

Every binding of the resource's own policy and of its project's is looked at; one that fits is enough. There
are no deny policies, folders or organizations here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access import cel, roles
from sandbox.gcp_server.access.identity import Identity
from sandbox.gcp_server.access.policies import Policy
from sandbox.gcp_server.errors import denied

if TYPE_CHECKING:
    from sandbox.gcp_server.world import Project


@dataclass(frozen=True)
class Resource:
    """What a permission is asked for."""

    shown_name: str  # as the request names it: projects/keyplan-sandbox/secrets/x
    name: str  # as conditions see it: with the project's number
    type: str  # "secretmanager.googleapis.com/Secret"
    service: str
    policy: Policy | None = None  # its own, where it has one


@dataclass(frozen=True)
class Decision:
    """Whether it is allowed; a remark where a condition was not understood."""

    allowed: bool
    remark: str | None = None


def decide(project: Project, caller: Identity, permission: str, resource: Resource) -> Decision:
    """Look at every binding of the resource and of its project."""
    remark = None
    for policy in (resource.policy, project.policy):
        for binding in policy.bindings if policy is not None else ():
            if not any(caller.is_meant_by(member) for member in binding["members"]):
                continue
            if not roles.allows(project, binding["role"], permission):
                continue
            holds, trouble = _holds(binding.get("condition"), resource)
            if holds:
                return Decision(True)
            remark = trouble or remark
    return Decision(False, remark)


def require(project: Project, caller: Identity, permission: str, resource: Resource) -> None:
    """Raises PERMISSION_DENIED unless it is allowed."""
    decision = decide(project, caller, permission, resource)
    if not decision.allowed:
        raise denied(permission, resource.shown_name, decision.remark)


def _holds(condition: dict[str, Any] | None, resource: Resource) -> tuple[bool, str | None]:
    if condition is None:
        return True, None
    names = {
        "resource": {"name": resource.name, "type": resource.type, "service": resource.service},
        "request": {"time": times.now()},
    }
    try:
        value = cel.compile_expression(condition["expression"])(names)
        if not isinstance(value, bool):
            raise cel.NotUnderstood("it is neither true nor false")
    except cel.NotUnderstood as error:
        expression = condition["expression"]
        return False, f"keyplan's sandbox does not understand the condition `{expression}`: {error}"
    return value, None
