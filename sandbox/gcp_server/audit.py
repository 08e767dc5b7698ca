"""Cloud Audit Logs: who called what, written as Google writes it, where the project asks for it.

What changes something is always logged (Admin Activity); what only reads is logged where the project's audit
configuration says so (Data Access). A request that was refused is logged too. No value is ever part of it.
Source: "Cloud Audit Logs overview", "Secret Manager audit logging" (checked 2026-11-21).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.gcp_server import times
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import GoogleError
from sandbox.gcp_server.world import Project

ADMIN_WRITE = "ADMIN_WRITE"
DATA_ACCESS = quote("cloudaudit.googleapis.com/data_access", safe="")
ACTIVITY = quote("cloudaudit.googleapis.com/activity", safe="")
# google.rpc.Code. Source: google/rpc/code.proto.
CODES = {
    "INVALID_ARGUMENT": 3,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
}


def record(
    call: Call,
    project: Project,
    *,
    service: str,
    method: str,
    log_type: str,
    resource_name: str,
    permission: str,
    granted: bool,
    error: GoogleError | None,
) -> None:
    """Write the entry if this kind of access is logged.

    Args:
        method: the full name of the gRPC method.
        log_type: ADMIN_WRITE, ADMIN_READ, DATA_READ or DATA_WRITE.
        resource_name: projects/NUMBER/…, what the request names.
    """
    if log_type != ADMIN_WRITE and not project.policy.audits(service, log_type, call.caller.member):
        return
    moment = times.stamp(times.now())
    log = ACTIVITY if log_type == ADMIN_WRITE else DATA_ACCESS
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": _status(error),
        "authenticationInfo": _who(call),
        "requestMetadata": {
            "callerIp": call.caller_address,
            "callerSuppliedUserAgent": call.user_agent,
            "requestAttributes": {"time": moment, "auth": {}},
            "destinationAttributes": {},
        },
        "serviceName": service,
        "methodName": method,
        "authorizationInfo": [
            {
                "resource": resource_name,
                "permission": permission,
                "granted": granted,
                "resourceAttributes": {},
            }
        ],
        "resourceName": resource_name,
        "request": {"@type": "type.googleapis.com/" + method.replace("Service.", ".") + "Request"},
    }
    labels = {"service": service, "method": method, "project_id": project.project_id}
    call.world.log_entries.append(
        {
            "logName": f"projects/{project.project_id}/logs/{log}",
            "resource": {"type": "audited_resource", "labels": labels},
            "timestamp": moment,
            "receiveTimestamp": moment,
            "insertId": f"sandbox{call.world.next_number():08d}",
            "severity": "ERROR" if error else "NOTICE" if log_type == ADMIN_WRITE else "INFO",
            "protoPayload": payload,
        }
    )


def _status(error: GoogleError | None) -> dict[str, Any]:
    return {} if error is None else {"code": CODES[error.status], "message": error.message}


def _who(call: Call) -> dict[str, Any]:
    # A federated identity has no address: only its principal is known.
    if call.caller.email:
        return {"principalEmail": call.caller.email, "principalSubject": call.caller.member}
    return {"principalSubject": call.caller.member}
