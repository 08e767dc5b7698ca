"""The vendor's spelling of time: RFC 3339, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.vendor_server.errors import invalid


def stamp(moment: float) -> str:
    """Epoch seconds as `2026-11-21T18:15:00.427722Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def whole_seconds(moment: float) -> str:
    """Epoch seconds as `2026-11-21T18:15:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str, field: str) -> float:
    """Epoch seconds. Raises a 400 for what is no time with its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid(f"{field}: Input should be a valid RFC 3339 datetime")
    return moment.timestamp()
