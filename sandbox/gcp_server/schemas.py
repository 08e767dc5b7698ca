"""Google's own description of its messages: the discovery documents that google-api-python-client ships.

A request is held against them before it is carried out, as Google does: an unknown field or a wrong type is
an error. The answers are held against them by the tests.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.gcp_server.errors import invalid

PACKAGE = "googleapiclient"
# The document of each service whose name is not the service's own.
DOCUMENTS = {
    "secretmanager.googleapis.com": "secretmanager.v1",
    "iam.googleapis.com": "iam.v1",
    "cloudresourcemanager.googleapis.com": "cloudresourcemanager.v1",
    "pubsub.googleapis.com": "pubsub.v1",
    "monitoring.googleapis.com": "monitoring.v3",
    "logging.googleapis.com": "logging.v2",
    "cloudscheduler.googleapis.com": "cloudscheduler.v1",
    "cloudfunctions.googleapis.com": "cloudfunctions.v2",
    "run.googleapis.com": "run.v2",
    "storage.googleapis.com": "storage.v1",
    "serviceusage.googleapis.com": "serviceusage.v1",
    "sts.googleapis.com": "sts.v1",
    "iamcredentials.googleapis.com": "iamcredentials.v1",
}
MISMATCH_LIMIT = 5


@cache
def schemas_of(document: str) -> dict[str, Any]:
    """The schemas of a discovery document, by name; {} where google-api-python-client is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return {}
    folder = Path(found.submodule_search_locations[0], "discovery_cache", "documents")
    schemas: dict[str, Any] = json.loads((folder / f"{document}.json").read_bytes())["schemas"]
    return schemas


def check_request(service: str, schema: str, body: dict[str, Any], document: str = "") -> None:
    """Raises INVALID_ARGUMENT for a body that the service's schema does not allow."""
    schemas = schemas_of(document or DOCUMENTS[service])
    if not schemas or schema == "*":
        return
    found = mismatches(schemas, {"$ref": schema}, body)
    if found:
        raise invalid("Invalid JSON payload received. " + " ".join(found[:MISMATCH_LIMIT]))


def mismatches(schemas: dict[str, Any], schema: dict[str, Any], given: Any, where: str = "") -> list[str]:
    """What does not fit, in Google's words; names and types only, never what was given."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    kind = schema.get("type", "any")
    if kind == "any" or given is None:
        return []
    if kind == "object":
        return _object_mismatches(schemas, schema, given, where)
    if kind == "array":
        if not isinstance(given, list):
            return [f"Invalid value at '{where}': it is not a list."]
        return [
            words
            for index, item in enumerate(given)
            for words in mismatches(schemas, schema["items"], item, f"{where}[{index}]")
        ]
    return [] if _is(kind, schema, given) else [f"Invalid value at '{where}' (type {kind})."]


def _object_mismatches(schemas: dict[str, Any], schema: dict[str, Any], given: Any, where: str) -> list[str]:
    if not isinstance(given, dict):
        return [f"Invalid value at '{where}': it is not an object."]
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties")
    found = []
    for name, item in given.items():
        inner = properties.get(name) or properties.get(_camel(name)) or others
        path = f"{where}.{name}" if where else name
        if inner is None:
            found.append(f"Unknown name \"{name}\" at '{where}': Cannot find field.")
        else:
            found += mismatches(schemas, inner, item, path)
    return found


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _is(kind: str, schema: dict[str, Any], given: Any) -> bool:
    if isinstance(given, bool):
        return kind == "boolean"
    if kind == "string":
        # int64 travels as a string, and clients may send enum members by number.
        by_number = schema.get("format") in ("int64", "uint64") or "enum" in schema
        if isinstance(given, int):
            return by_number
        return isinstance(given, str) and ("enum" not in schema or given in schema["enum"])
    if kind in ("integer", "number"):
        return isinstance(given, int | float) and (kind == "number" or given == int(given))
    return False
