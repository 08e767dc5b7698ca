"""Faults on demand: what a request gets instead of, or besides, its answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum


class Cut(StrEnum):
    """Where a connection ends too early."""

    NOT = "not"
    BEFORE = "before"  # nothing of an answer is sent
    MIDWAY = "midway"  # the head and half of the body are sent


# Source: "Claude API errors" (checked 2026-11-21).
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass
class Fault:
    """Something that goes wrong with the next requests that it fits.

    `times` requests get it, after the first `skip` that fit; None stands for all that follow. A fault without
    a status and without a cut lets the request through, `delay_seconds` late. With `applies`, what was asked
    is done before the fault: only the answer is lost.
    """

    status: int | None = None
    message: str = "This fault was asked for."
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # instead of the vendor's error shape, to be nonsense or a proxy's page
    cut: Cut = Cut.NOT
    delay_seconds: float = 0.0
    applies: bool = False
    method: str | None = None
    path: str = ""  # the beginning of the path
    skip: int = 0
    times: int | None = 1

    def fits(self, method: str, path: str) -> bool:
        """Whether it is meant for such a request."""
        return self.method in (None, method) and path.startswith(self.path)

    @classmethod
    def answer(cls, status: int, **more: object) -> Fault:
        """The vendor's own error for a status."""
        return cls(status=status, **more)  # type: ignore[arg-type]

    @classmethod
    def throttled(cls, retry_after_seconds: float | str = 1, **more: object) -> Fault:
        """429 with retry-after: seconds, or an HTTP date."""
        headers = {"retry-after": str(retry_after_seconds)}
        return cls(429, "This request would exceed your organization's rate limit.", headers, **more)  # type: ignore[arg-type]

    @classmethod
    def overloaded(cls, **more: object) -> Fault:
        """529."""
        return cls(529, "Overloaded", **more)  # type: ignore[arg-type]

    @classmethod
    def usage_limit(cls, **more: object) -> Fault:
        """400 for a key that is alive in an organization that has spent what it wanted to."""
        message = "You have reached your specified API usage limits. You will regain access on 2026-12-01."
        return cls(400, message, **more)  # type: ignore[arg-type]

    @classmethod
    def cut_off(cls, where: Cut = Cut.MIDWAY, **more: object) -> Fault:
        """A connection that ends too early."""
        return cls(cut=where, **more)  # type: ignore[arg-type]

    @classmethod
    def slow(cls, seconds: float, **more: object) -> Fault:
        """The answer comes this much later."""
        return cls(delay_seconds=seconds, **more)  # type: ignore[arg-type]


class Faults:
    """The faults that wait for their requests; the first one that fits is taken."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Let these wait, after those that do."""
        with self._lock:
            self._waiting += faults

    def clear(self) -> None:
        """Forget those that wait."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted; None lets it pass."""
        with self._lock:
            for fault in self._waiting:
                if not fault.fits(method, path):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                return fault
        return None
