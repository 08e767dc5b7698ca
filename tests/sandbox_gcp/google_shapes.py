"""Google's discovery documents as a judge: which methods exist, and whether an answer has their shape."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import googleapiclient

from sandbox.gcp_server.routes import all_routes
from sandbox.gcp_server.routing import Route, Router, split
from sandbox.gcp_server.schemas import DOCUMENTS, mismatches

FOLDER = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
ROUTER = Router(all_routes())


@cache
def document(name: str) -> dict[str, Any]:
    """One discovery document."""
    return json.loads((FOLDER / f"{name}.json").read_bytes())


@cache
def methods_of(name: str) -> dict[tuple[str, tuple[str, ...], str], dict[str, Any]]:
    """A document's methods by HTTP method, segments (open ones are `*`) and verb."""
    described = document(name)
    found: dict[tuple[str, tuple[str, ...], str], dict[str, Any]] = {}

    def walk(part: dict[str, Any]) -> None:
        for method in part.get("methods", {}).values():
            path = described["servicePath"] + method.get("flatPath", method["path"])
            found[shape(method["httpMethod"], path)] = method
            upload = method.get("mediaUpload", {}).get("protocols", {}).get("simple")
            if upload:
                found[shape(method["httpMethod"], upload["path"])] = method
        for inner in part.get("resources", {}).values():
            walk(inner)

    walk(described)
    return found


def shape(method: str, path: str) -> tuple[str, tuple[str, ...], str]:
    """A method and path without the names of the open parts."""
    segments, verb = split(path)
    return method, tuple("*" if item.startswith("{") else item for item in segments), verb


def document_of(route: Route) -> str:
    """The document that describes a route."""
    return str(route.options.get("document") or DOCUMENTS[route.service])


def described(route: Route) -> dict[str, Any] | None:
    """Google's description of what a route does."""
    wanted = shape(route.method, route.path)
    for (method, segments, verb), found in methods_of(document_of(route)).items():
        fits = (method, verb, len(segments)) == (wanted[0], wanted[2], len(wanted[1])) and all(
            theirs in ("*", ours) for theirs, ours in zip(segments, wanted[1], strict=True)
        )
        if fits:
            return found
    return None


def check_answer(method: str, path: str, body: Any) -> None:
    """Fails unless a successful answer has the shape that Google's method promises."""
    found = ROUTER.find(method, path.partition("?")[0])
    assert found is not None, path
    google = described(found[0])
    assert google is not None, f"{method} {path} is none of Google's methods"
    if "response" in google and isinstance(body, dict):
        schemas = document(document_of(found[0]))["schemas"]
        assert mismatches(schemas, google["response"], body) == [], (method, path)
        _check_operation(document_of(found[0]), body)


def _check_operation(name: str, body: dict[str, Any]) -> None:
    """The result within an operation has a shape as well."""
    result = body.get("response")
    if not isinstance(result, dict) or "@type" not in result:
        return
    schemas = document(name)["schemas"]
    short = result["@type"].rpartition(".")[2]
    candidates = [short, f"GoogleApiServiceusageV1{short}", f"GoogleCloudRunV2{short}"]
    known = next((item for item in candidates if item in schemas), None)
    if known:
        inside = {key: value for key, value in result.items() if key != "@type"}
        assert mismatches(schemas, {"$ref": known}, inside) == []
