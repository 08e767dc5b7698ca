"""The vendor's list of keys. Source: Admin API, "List API Keys" and "Get API Key" (checked 2026-11-21)."""

from __future__ import annotations

from typing import Any

from sandbox.vendor_server.errors import invalid
from sandbox.vendor_server.keys import Kind, VendorKey
from sandbox.vendor_server.requests import Request
from sandbox.vendor_server.times import stamp
from sandbox.vendor_server.world import DEFAULT_WORKSPACE, VendorWorld

USER_ID = "user_01SandboxPerson00000000000"
PAGE_USUAL, PAGE_MOST = 20, 1000
STATUSES = ("active", "archived", "expired", "inactive")
# The first version whose keys have `scope` instead of `workspace_id`.
SCOPE_SINCE = "2026-10-21"


def page_of_keys(world: VendorWorld, request: Request) -> dict[str, Any]:
    """One page of API keys; an Admin API key is not listed. Raises a 400 for what cannot be asked."""
    limit = request.ask("limit", str(PAGE_USUAL))
    if not limit.isdigit() or not 1 <= int(limit) <= PAGE_MOST:
        raise invalid(f"limit: Input should be from 1 to {PAGE_MOST}")
    if request.ask("status") and request.ask("status") not in STATUSES:
        raise invalid("status: Input should be a status")
    found = [key for key in world.keys(Kind.API) if _fits(world, key, request)]
    after, before = request.ask("after_id"), request.ask("before_id")
    first = _index(found, after) + 1 if after else 0
    last = _index(found, before) if before else len(found)
    if before:
        first = max(first, last - int(limit))
    page = found[first : min(last, first + int(limit))]
    return {
        "data": [api_key(key, request, world) for key in page],
        "has_more": first > 0 if before else first + len(page) < last,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }


def api_key(key: VendorKey, request: Request, world: VendorWorld) -> dict[str, Any]:
    """A key as the request's version shows it."""
    shown: dict[str, Any] = {
        "type": "api_key",
        "id": key.id,
        "name": key.name,
        "status": key.status_at(world.now()),
        "created_at": stamp(key.created_at),
        "created_by": {"id": USER_ID, "type": "user"},
        "expires_at": None if key.expires_at is None else stamp(key.expires_at),
        "partial_key_hint": key.hint,
        "principal": None if key.workspace is not None else {"type": "user_actor", "user_id": USER_ID},
    }
    if request.headers.get("anthropic-version", "") >= SCOPE_SINCE:
        scoped = {"type": "workspace", "workspace_id": key.workspace}
        return {**shown, "scope": scoped if key.workspace is not None else {"type": "organization"}}
    # Older versions show the default workspace as none.
    return {**shown, "workspace_id": None if key.workspace == DEFAULT_WORKSPACE else key.workspace}


def _fits(world: VendorWorld, key: VendorKey, request: Request) -> bool:
    status, workspace = request.ask("status"), request.ask("workspace_id")
    return (
        (not status or key.status_at(world.now()) == status)
        and (not workspace or key.workspace == workspace)
        and request.ask("created_by_user_id", USER_ID) == USER_ID
    )


def _index(keys: list[VendorKey], key_id: str) -> int:
    for index, key in enumerate(keys):
        if key.id == key_id:
            return index
    raise invalid("after_id or before_id: there is no such key in this list")
