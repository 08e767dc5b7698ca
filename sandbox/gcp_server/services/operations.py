"""Long-running operations. The work is done at once; the first answer does not say so, as with Google.

A client that does not ask again never sees the result, here as there.
"""

from __future__ import annotations

from typing import Any

from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import not_found


def start(
    call: Call, name_prefix: str, response: dict[str, Any], response_type: str, metadata: dict[str, Any]
) -> dict[str, Any]:
    """A new operation, as its first answer shows it.

    Args:
        name_prefix: what its name begins with; a unique id is put behind it.
        response: what it results in.
        response_type: the full name of the message that `response` is.
        metadata: with its `@type`; may be empty.
    """
    name = f"{name_prefix}{call.world.next_number():010d}"
    begun: dict[str, Any] = {"name": name}
    if metadata:
        begun["metadata"] = metadata
    result = {"@type": f"type.googleapis.com/{response_type}", **response}
    call.world.operations[name.rpartition("/")[2]] = {**begun, "done": True, "response": result}
    return begun


def get(call: Call) -> dict[str, Any]:
    """Operations.Get, wherever the operation is named."""
    operation = call.world.operations.get(call.names["operation"])
    if operation is None or not _is_asked_for(call, operation["name"]):
        raise not_found(f"Operation not found: {call.names['operation']}")
    return operation


def _is_asked_for(call: Call, name: str) -> bool:
    # A project may be named by its id and by its number.
    def tail(text: str) -> list[str]:
        parts = text.split("/")
        return parts[2:] if parts[0] == "projects" else parts

    asked = call.path.strip("/").partition("/")[2]
    return tail(asked) == tail(name)
