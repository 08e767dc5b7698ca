"""Google's errors: HTTP status, canonical code, message and details, in the body that every API uses.

Sources: google.rpc.Status and google.rpc.ErrorInfo (googleapis-common-protos), Google Cloud "API design
guide: errors"; the wording of Secret Manager's messages as its clients print them (checked 2026-11-21).
"""

from __future__ import annotations

from typing import Any

# google.rpc.Code by HTTP status, where an API has no reason to say another. Source: google/rpc/code.proto.
HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
}


class GoogleError(Exception):
    """An answer that is an error."""

    def __init__(self, status: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details or []

    @property
    def http_status(self) -> int:
        """The HTTP status that goes with the canonical code."""
        return HTTP_STATUS[self.status]

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        error: dict[str, Any] = {"code": self.http_status, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def error_info(reason: str, domain: str, **metadata: str) -> dict[str, Any]:
    """A google.rpc.ErrorInfo."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": domain,
        "metadata": metadata,
    }


def invalid(message: str) -> GoogleError:
    """400 INVALID_ARGUMENT."""
    return GoogleError("INVALID_ARGUMENT", message)


def precondition(message: str) -> GoogleError:
    """400 FAILED_PRECONDITION."""
    return GoogleError("FAILED_PRECONDITION", message)


def not_found(message: str) -> GoogleError:
    """404 NOT_FOUND."""
    return GoogleError("NOT_FOUND", message)


def already_exists(message: str) -> GoogleError:
    """409 ALREADY_EXISTS."""
    return GoogleError("ALREADY_EXISTS", message)


def aborted(message: str) -> GoogleError:
    """409 ABORTED: somebody else changed it meanwhile."""
    return GoogleError("ABORTED", message)


def unauthenticated(message: str, reason: str, service: str) -> GoogleError:
    """401: no credential, or one that is none."""
    return GoogleError("UNAUTHENTICATED", message, [error_info(reason, "googleapis.com", service=service)])


def denied(permission: str, resource: str, remark: str | None = None) -> GoogleError:
    """403 for a permission that the caller lacks, or for what does not exist where it may not look.

    `remark` is the sandbox's own: why a condition was not understood.
    """
    details = [
        error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", permission=permission, resource=resource)
    ]
    if remark:
        details.append({"@type": "type.googleapis.com/google.rpc.DebugInfo", "detail": remark})
    return GoogleError(
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied for resource '{resource}' (or it may not exist).",
        details,
    )


def unknown_project(reference: str, service: str) -> GoogleError:
    """403 for a project that does not exist: Google does not tell that from one that is somebody else's."""
    return GoogleError(
        "PERMISSION_DENIED",
        f"Permission denied on resource project {reference}.",
        [error_info("CONSUMER_INVALID", "googleapis.com", consumer=f"projects/{reference}", service=service)],
    )


def service_disabled(service: str, title: str, number: str) -> GoogleError:
    """403 for an API that is not enabled in the project."""
    page = f"https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    message = (
        f"{title} has not been used in project {number} before or it is disabled. Enable it by visiting "
        f"{page} then retry. If you enabled this API recently, wait a few minutes for the action to "
        "propagate to our systems and retry."
    )
    link = {"description": "Google developers console API activation", "url": page}
    return GoogleError(
        "PERMISSION_DENIED",
        message,
        [
            error_info(
                "SERVICE_DISABLED",
                "googleapis.com",
                service=service,
                consumer=f"projects/{number}",
                serviceTitle=title,
                activationUrl=page,
            ),
            {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]},
        ],
    )


def unknown_path(method: str, path: str) -> GoogleError:
    """501 for what the sandbox does not have; it names itself, so that nobody blames Google."""
    return GoogleError("UNIMPLEMENTED", f"keyplan's sandbox has no {method} {path} of Google Cloud")
