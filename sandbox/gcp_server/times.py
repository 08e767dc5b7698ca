"""Google's spellings of time: RFC 3339 timestamps and durations in seconds ("86400s")."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sandbox.gcp_server.errors import invalid

TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})")
DURATION = re.compile(r"(-?\d{1,12})(?:\.(\d{1,9}))?s")


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """As Google writes it: UTC, microseconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: object, field: str = "timestamp") -> datetime:
    """A timestamp that was given. Raises INVALID_ARGUMENT for what is none."""
    match = TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise invalid(f"Invalid value at '{field}': it is not an RFC 3339 timestamp.")
    day, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid(f"Invalid value at '{field}': there is no such time.") from None


def duration(text: object, field: str = "duration") -> timedelta:
    """A duration that was given. Raises INVALID_ARGUMENT for what is none."""
    match = DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise invalid(f"Invalid value at '{field}': it is not a duration in seconds, like 86400s.")
    return timedelta(seconds=float(text[:-1]))  # type: ignore[index]


def seconds(span: timedelta) -> str:
    """A duration as Google writes it."""
    whole = span.total_seconds()
    return f"{int(whole)}s" if whole == int(whole) else f"{whole}s"
