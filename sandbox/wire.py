"""Pulumi's wire format to plain values and back: unknowns, secrets, whole numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from google.protobuf import struct_pb2

from sandbox.provider.values import SIGNATURE_KEY, UNKNOWN

# Source: pulumi/runtime/rpc.py, UNKNOWN and _special_secret_sig (pulumi 3.272.0, checked 2026-11-21).
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark of the format
MASKED = "[secret]"
NOT_KNOWN_YET = "[known after the update]"


def decode(message: struct_pb2.Struct) -> tuple[dict[str, Any], frozenset[str]]:
    """A message's values, and the names of the properties that hold a secret somewhere."""
    values: dict[str, Any] = {}
    secret: set[str] = set()
    for name, value in message.fields.items():
        found: list[bool] = []
        values[name] = _plain(value, found)
        if found:
            secret.add(name)
    return values, frozenset(secret)


def decode_outputs(message: struct_pb2.Struct) -> dict[str, Any]:
    """Values for people and files: secrets masked, unknowns in words."""
    return {name: _shown(value) for name, value in message.fields.items()}


def encode(values: Mapping[str, Any], secret: Collection[str] = ()) -> struct_pb2.Struct:
    """A message from plain values. Args: secret: the properties to mark as secret, as `decode` named them."""
    message = struct_pb2.Struct()
    message.update(
        {
            name: {SIGNATURE_KEY: SECRET_SIGNATURE, "value": _wire(value)} if name in secret else _wire(value)
            for name, value in values.items()
        }
    )
    return message


def _plain(value: struct_pb2.Value, secrets_found: list[bool]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == UNKNOWN_TEXT else value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _is_secret(fields):
            secrets_found.append(True)
            return _plain(fields["value"], secrets_found)
        return {name: _plain(item, secrets_found) for name, item in fields.items()}
    if kind == "list_value":
        return [_plain(item, secrets_found) for item in value.list_value.values]
    return _scalar(value, kind)


def _shown(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return NOT_KNOWN_YET if value.string_value == UNKNOWN_TEXT else value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _is_secret(fields):
            return MASKED
        return {name: _shown(item) for name, item in fields.items()}
    if kind == "list_value":
        return [_shown(item) for item in value.list_value.values]
    return _scalar(value, kind)


def _scalar(value: struct_pb2.Value, kind: str | None) -> Any:
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        # Every number travels as a double; whole ones were whole numbers in the program.
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    return None


def _is_secret(fields: Mapping[str, struct_pb2.Value]) -> bool:
    return SIGNATURE_KEY in fields and fields[SIGNATURE_KEY].string_value == SECRET_SIGNATURE


def _wire(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {name: _wire(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(item) for item in value]
    return value
