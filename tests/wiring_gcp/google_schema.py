"""Google's discovery documents as JSON schemas: a field that an API does not have is a mistake."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import googleapiclient
import jsonschema

FOLDER = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"


def check(document: str, name: str, body: Any) -> None:
    """Fails unless `body` is the message `name` of an API: `check("run.v1", "Service", {...})`."""
    schema = {"$defs": definitions(document), "$ref": f"#/$defs/{name}"}
    jsonschema.Draft202012Validator(schema).validate(body)


def description(document: str, name: str, field: str) -> str:
    """What an API says of a field."""
    return str(_schemas(document)[name]["properties"][field]["description"])


@cache
def definitions(document: str) -> dict[str, Any]:
    """Every message of an API; a document has no requirements, and a message's fields are all there are."""
    return {name: converted(schema) for name, schema in _schemas(document).items()}


@cache
def _schemas(document: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{document}.json").read_bytes())["schemas"]
    return found


def converted(schema: dict[str, Any]) -> dict[str, Any]:
    """One schema of a discovery document as JSON schema."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    result: dict[str, Any] = {} if schema.get("type") == "any" else {"type": schema["type"]}
    if "enum" in schema:
        result["enum"] = schema["enum"]
    if "items" in schema:
        result["items"] = converted(schema["items"])
    if "properties" in schema:
        result["properties"] = {name: converted(inner) for name, inner in schema["properties"].items()}
    if schema.get("type") == "object":
        others = schema.get("additionalProperties")
        result["additionalProperties"] = converted(others) if others else False
    return result
