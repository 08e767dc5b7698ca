"""What each path answers, in the vendor's shapes.

| path | who may ask |
|---|---|
| GET /v1/models[/ID], POST /v1/messages | a live API key |
| GET /v1/organizations/me | a live Admin API key |
| GET /v1/organizations/api_keys[/ID], POST …/ID | a live Admin API key |
| GET /v1/organizations/usage_report/messages | a live Admin API key |
| /gateway/… (models and messages) | a live gateway token, as bearer: the base URL of a gateway |
| GET /generic/check | a live generic token, as bearer or in any header of its own |
"""

from __future__ import annotations

from typing import Any

from sandbox.vendor_server.errors import VendorRefusalError, invalid, not_found, unauthenticated
from sandbox.vendor_server.keys import Kind, VendorKey, make_id
from sandbox.vendor_server.keys_page import api_key, page_of_keys
from sandbox.vendor_server.requests import Request
from sandbox.vendor_server.usage import report
from sandbox.vendor_server.world import DEFAULT_WORKSPACE, TOKENS_A_USE, VendorWorld

# A key that is not scoped names its workspace. Source: "Authentication", header anthropic-workspace-id.
WORKSPACE_HEADER = "anthropic-workspace-id"
ORGANIZATION_HEADER = "anthropic-organization-id"
MODELS = (
    ("claude-opus-4-8", "Claude Opus 4.8", "2026-05-28T00:00:00Z"),
    ("claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17T00:00:00Z"),
    ("claude-haiku-4-5", "Claude Haiku 4.5", "2025-10-15T00:00:00Z"),
)
Answer = tuple[dict[str, Any], dict[str, str]]


def answer(world: VendorWorld, request: Request) -> Answer:
    """The body and the headers. Raises VendorRefusalError for every error."""
    path = request.path
    if path.startswith("/gateway/"):
        return _inference(world, request, path.removeprefix("/gateway"), Kind.GATEWAY)
    if path == "/generic/check":
        _generic(world, request)
        return {"ok": True}, {}
    if "anthropic-version" not in request.headers:
        raise invalid("anthropic-version: header is required")
    if path.startswith("/v1/organizations/"):
        return _administration(world, request, path.removeprefix("/v1/organizations/"))
    return _inference(world, request, path, Kind.API)


def credential_of(request: Request) -> tuple[str | None, str]:
    """How a credential was sent ("x-api-key", "bearer" or None), and the credential."""
    if "x-api-key" in request.headers:
        return "x-api-key", request.headers["x-api-key"]
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return ("bearer", token.strip()) if scheme.lower() == "bearer" else (None, "")


def _caller(world: VendorWorld, request: Request, kind: Kind) -> VendorKey:
    """The live key that asks. Raises a 401."""
    how, value = credential_of(request)
    if how is None or (kind is Kind.GATEWAY and how != "bearer"):
        wanted = "authorization" if kind is Kind.GATEWAY else "x-api-key"
        raise unauthenticated(f"{wanted} header is required")
    key = world.known(value)
    if key is None or key.kind is not kind or not world.is_alive(key):
        raise unauthenticated("invalid x-api-key" if how == "x-api-key" else "Invalid bearer token")
    return key


def _generic(world: VendorWorld, request: Request) -> None:
    values = [credential_of(request)[1], *request.headers.values()]
    found = (world.known(value) for value in values)
    if not any(key is not None and key.kind is Kind.GENERIC and world.is_alive(key) for key in found):
        raise unauthenticated("unknown token")


def _inference(world: VendorWorld, request: Request, path: str, kind: Kind) -> Answer:
    key = _caller(world, request, kind)
    workspace = _workspace(key, request)
    headers = {}
    if kind is Kind.API:
        headers = {ORGANIZATION_HEADER: world.organization_id, WORKSPACE_HEADER: workspace}
    if request.method == "GET" and path == "/v1/models":
        return _models(), headers
    if request.method == "GET" and path.startswith("/v1/models/"):
        wanted = path.removeprefix("/v1/models/")
        for model in _models()["data"]:
            if model["id"] == wanted:
                return model, headers
        raise not_found(f"model: {wanted}")
    if request.method == "POST" and path == "/v1/messages":
        return _message(world, request, key, workspace), headers
    raise not_found("Not found")


def _workspace(key: VendorKey, request: Request) -> str:
    asked = request.headers.get(WORKSPACE_HEADER)
    if key.workspace is None:
        if not asked:
            raise invalid(f"{WORKSPACE_HEADER}: header is required for keys that have no workspace")
        return asked
    if asked is not None and asked != key.workspace:
        raise VendorRefusalError(403, "The API key does not belong to this workspace.")
    return key.workspace


def _models() -> dict[str, Any]:
    data = [
        {
            "type": "model",
            "id": name,
            "display_name": shown,
            "created_at": created,
            "lifecycle": "active",
            "deprecated_at": None,
            "retires_at": None,
            "line": None,
            "capabilities": None,
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
        }
        for name, shown, created in MODELS
    ]
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}


def _message(world: VendorWorld, request: Request, key: VendorKey, workspace: str) -> dict[str, Any]:
    body = request.body
    for field in ("model", "max_tokens", "messages"):
        if field not in body:
            raise invalid(f"{field}: Field required")
    model = str(body["model"])
    if not any(model == name for name, _, _ in MODELS):
        raise not_found(f"model: {model}")
    world.use(key, workspace=workspace, model=model)
    return {
        "id": make_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "This is the sandbox: no model was asked.", "citations": None}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": TOKENS_A_USE,
            "output_tokens": TOKENS_A_USE,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


def _administration(world: VendorWorld, request: Request, path: str) -> Answer:
    _caller(world, request, Kind.ADMIN)
    headers = {ORGANIZATION_HEADER: world.organization_id}
    part, _, key_id = path.partition("/")
    match (request.method, part, key_id):
        case ("GET", "me", ""):
            found = {"type": "organization", "id": world.organization_id, "name": world.name}
        case ("GET", "api_keys", ""):
            found = page_of_keys(world, request)
        case ("GET", "api_keys", _):
            found = api_key(_listed(world, key_id), request, world)
        case ("POST", "api_keys", _) if key_id:
            found = api_key(_change(world, request, key_id), request, world)
        case ("GET", "usage_report", "messages"):
            found = report(world.uses(), request, world.now(), DEFAULT_WORKSPACE)
        case _:
            raise not_found("Not found")
    return found, headers


def _listed(world: VendorWorld, key_id: str) -> VendorKey:
    key = world.key(key_id)
    if key.kind is not Kind.API:
        raise not_found(f"API key with ID {key_id} not found.")
    return key


def _change(world: VendorWorld, request: Request, key_id: str) -> VendorKey:
    _listed(world, key_id)
    body = request.body
    for field in ("name", "status"):
        if not isinstance(body.get(field), str | None):
            raise invalid(f"{field}: Input should be a valid string")
    return world.change(key_id, name=body.get("name"), status=body.get("status"))
