"""What AWS, Google Cloud and the vendor answer when they refuse, throttle or break, as they send it."""

from __future__ import annotations

import json
from enum import StrEnum


class Door(StrEnum):
    """Which service a request goes to."""

    AWS = "aws"
    GCP = "gcp"
    VENDOR = "vendor"


class Refusal(StrEnum):
    """An answer that is no success."""

    THROTTLED = "throttled"
    DENIED = "denied"
    BROKEN = "broken"  # 5xx
    FULL = "full"  # no room for another version
    SKEWED = "skewed"  # the clock of the client is wrong
    DEAD = "dead"  # 401
    UNKNOWN = "unknown"  # 404


# (status, the service's own code). AWS: botocore's models and the common errors of its API reference; Google:
# google.rpc.Code; the vendor: its API reference, "Errors" (checked 2026-11-21).
_AWS = {
    Refusal.THROTTLED: (400, "ThrottlingException"),
    Refusal.DENIED: (400, "AccessDeniedException"),
    Refusal.BROKEN: (500, "InternalServiceError"),
    Refusal.FULL: (400, "LimitExceededException"),
    Refusal.SKEWED: (403, "RequestTimeTooSkewed"),
    Refusal.DEAD: (403, "UnrecognizedClientException"),
    Refusal.UNKNOWN: (400, "ResourceNotFoundException"),
}
_GOOGLE = {
    Refusal.THROTTLED: (429, "RESOURCE_EXHAUSTED"),
    Refusal.DENIED: (403, "PERMISSION_DENIED"),
    Refusal.BROKEN: (503, "UNAVAILABLE"),
    Refusal.FULL: (429, "RESOURCE_EXHAUSTED"),
    Refusal.SKEWED: (401, "UNAUTHENTICATED"),
    Refusal.DEAD: (401, "UNAUTHENTICATED"),
    Refusal.UNKNOWN: (404, "NOT_FOUND"),
}
_VENDOR = {
    Refusal.THROTTLED: (429, "rate_limit_error"),
    Refusal.DENIED: (403, "permission_error"),
    Refusal.BROKEN: (529, "overloaded_error"),
    Refusal.FULL: (500, "api_error"),
    Refusal.SKEWED: (401, "authentication_error"),
    Refusal.DEAD: (401, "authentication_error"),
    Refusal.UNKNOWN: (404, "not_found_error"),
}


def refusal_of(door: Door, refusal: Refusal, is_query: bool) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and content of the answer.

    Args:
        door: whose answer.
        refusal: which one.
        is_query: the request was one of AWS's form-encoded ones, which are answered in XML.
    """
    if door is Door.VENDOR:
        status, code = _VENDOR[refusal]
        body = {"type": "error", "error": {"type": code, "message": "no"}, "request_id": "req_fault"}
        more = {"retry-after": "1"} if status in (429, 529) else {}
        return status, {"content-type": "application/json", **more}, json.dumps(body).encode()
    if door is Door.GCP:
        status, code = _GOOGLE[refusal]
        error = {"error": {"code": status, "status": code, "message": "no"}}
        return status, {"content-type": "application/json"}, json.dumps(error).encode()
    status, code = _AWS[refusal]
    if is_query:
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        return status, {"content-type": "text/xml"}, text.encode()
    content = json.dumps({"__type": code, "message": "no"}).encode()
    return status, {"content-type": "application/x-amz-json-1.1"}, content
