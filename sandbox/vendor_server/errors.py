"""The vendor's errors. Source: "Claude API errors" (checked 2026-11-21)."""

from __future__ import annotations

from typing import Any

from sandbox.vendor_server.faults import ERROR_TYPES


class VendorRefusalError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error_body(status: int, message: str, request_id: str) -> dict[str, Any]:
    """The body that every error has."""
    kind = ERROR_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def invalid(message: str) -> VendorRefusalError:
    """400: the request is not one."""
    return VendorRefusalError(400, message)


def unauthenticated(message: str = "invalid x-api-key") -> VendorRefusalError:
    """401: no key, or none that is alive."""
    return VendorRefusalError(401, message)


def not_found(message: str) -> VendorRefusalError:
    """404: there is no such thing."""
    return VendorRefusalError(404, message)
