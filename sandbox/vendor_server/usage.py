"""What keys were used for, and the vendor's report of it in buckets of time.

Source: Admin API, "Get Messages Usage Report" (checked 2026-11-21).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.vendor_server.errors import invalid
from sandbox.vendor_server.requests import Request
from sandbox.vendor_server.times import read_time, whole_seconds

MINUTE_SECONDS = 60
# Width -> seconds, buckets a page where none are asked for, and the most that may be.
WIDTHS = {"1m": (60, 60, 1440), "1h": (3600, 24, 168), "1d": (86400, 7, 31)}
GROUPS = (
    "api_key_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "account_id",
    "service_account_id",
)
PAGE_PREFIX = "page_"


@dataclass(frozen=True)
class Use:
    """Messages of one key within a minute."""

    at: float
    key_id: str
    workspace: str
    model: str
    input_tokens: int
    output_tokens: int


class UseLog:
    """All use, added up by the minute so that it stays small."""

    def __init__(self) -> None:
        self._by_minute: dict[tuple[int, str, str, str], Use] = {}

    def add(self, use: Use) -> None:
        """Count one more."""
        place = (int(use.at // MINUTE_SECONDS), use.key_id, use.workspace, use.model)
        before = self._by_minute.get(place)
        if before is not None:
            use = replace(
                before,
                input_tokens=before.input_tokens + use.input_tokens,
                output_tokens=before.output_tokens + use.output_tokens,
            )
        self._by_minute[place] = use

    def all(self) -> list[Use]:
        """In the order of time."""
        return sorted(self._by_minute.values(), key=lambda use: use.at)

    def age(self, seconds: float) -> None:
        """Move everything this far into the past."""
        uses, self._by_minute = self.all(), {}
        for use in uses:
            self.add(replace(use, at=use.at - seconds))


@dataclass(frozen=True)
class Asked:
    """What a report is asked for. Times are epoch seconds, at the beginning of a bucket."""

    starting_at: float
    ending_at: float
    width_seconds: int
    limit: int
    groups: Sequence[str]
    key_ids: Sequence[str]
    workspaces: Sequence[str]
    models: Sequence[str]


def report(uses: Sequence[Use], request: Request, now: float, default_workspace: str) -> dict[str, Any]:
    """One page of the report. Raises a 400 for what cannot be asked."""
    asked = _read(request, now)
    fitting = [use for use in uses if _fits(use, asked)]
    buckets: list[dict[str, Any]] = []
    start = asked.starting_at
    while len(buckets) < asked.limit and start + asked.width_seconds <= asked.ending_at:
        end = start + asked.width_seconds
        within = [use for use in fitting if start <= use.at < end]
        results = _results(within, asked.groups, default_workspace)
        buckets.append(
            {"starting_at": whole_seconds(start), "ending_at": whole_seconds(end), "results": results}
        )
        start = end
    has_more = start + asked.width_seconds <= asked.ending_at
    return {"data": buckets, "has_more": has_more, "next_page": _page(start) if has_more else None}


def _read(request: Request, now: float) -> Asked:
    width = request.ask("bucket_width", "1d")
    if width not in WIDTHS:
        raise invalid("bucket_width: Input should be '1d', '1h' or '1m'")
    seconds, usual, most = WIDTHS[width]
    if not request.ask("starting_at"):
        raise invalid("starting_at: Field required")
    starting_at = read_time(request.ask("starting_at"), "starting_at")
    # Without an end, the bucket that is being filled is the last; "buckets that end before" a given one.
    ending_at = (
        read_time(request.ask("ending_at"), "ending_at") if request.ask("ending_at") else now + seconds
    )
    if ending_at <= starting_at:
        raise invalid("ending_at: must be after starting_at")
    limit = request.ask("limit", str(usual))
    if not limit.isdigit() or not 1 <= int(limit) <= most:
        raise invalid(f"limit: Input should be from 1 to {most} for a bucket_width of {width}")
    groups = request.ask_all("group_by")
    if not set(groups) <= set(GROUPS):
        raise invalid("group_by: Input should be a dimension of the report")
    page = request.ask("page")
    start = _start(page) if page else starting_at
    return Asked(
        starting_at=start - start % seconds,
        ending_at=ending_at,
        width_seconds=seconds,
        limit=int(limit),
        groups=groups,
        key_ids=request.ask_all("api_key_ids"),
        workspaces=request.ask_all("workspace_ids"),
        models=request.ask_all("models"),
    )


def _fits(use: Use, asked: Asked) -> bool:
    return (
        (not asked.key_ids or use.key_id in asked.key_ids)
        and (not asked.workspaces or use.workspace in asked.workspaces)
        and (not asked.models or use.model in asked.models)
    )


def _results(uses: Sequence[Use], groups: Sequence[str], default_workspace: str) -> list[dict[str, Any]]:
    by_group: dict[tuple[str | None, ...], list[Use]] = {}
    for use in uses:
        dimensions = _dimensions(use, default_workspace)
        by_group.setdefault(tuple(dimensions[group] for group in groups), []).append(use)
    return [
        {
            "uncached_input_tokens": sum(use.input_tokens for use in members),
            "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
            "cache_read_input_tokens": 0,
            "output_tokens": sum(use.output_tokens for use in members),
            "server_tool_use": {"web_search_requests": 0},
            **dict.fromkeys(GROUPS),
            **dict(zip(groups, values, strict=True)),
        }
        for values, members in by_group.items()
    ]


def _dimensions(use: Use, default_workspace: str) -> dict[str, str | None]:
    return {
        "api_key_id": use.key_id,
        # The default workspace's use has no workspace. Source: "Workspaces", "Usage and cost tracking".
        "workspace_id": None if use.workspace == default_workspace else use.workspace,
        "model": use.model,
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": "global",
        "account_id": None,
        "service_account_id": None,
    }


def _page(start: float) -> str:
    return PAGE_PREFIX + base64.urlsafe_b64encode(whole_seconds(start).encode()).decode()


def _start(page: str) -> float:
    try:
        text = base64.urlsafe_b64decode(page.removeprefix(PAGE_PREFIX)).decode("ascii")
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except ValueError:
        raise invalid("page: is not a page of this report") from None
