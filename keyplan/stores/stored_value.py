"""The shape of what a secret holds: a JSON object with one field, `{"ANTHROPIC_API_KEY": "…"}`. Pure.

Programs that read the secret themselves (boto3 and json.loads) and ECS's json-key rely on it, so writing
makes exactly that and reading accepts nothing else. No message here shows any part of what was found.

In place of a leaked value that was current there is a tombstone, `{"KEYPLAN_REVOKED": "20261121T181500Z"}`:
AWS has no way to take the current version away. A program that looks for its own field finds none.
"""

from __future__ import annotations

import json
import re

from keyplan.errors import StoreError, ValueRejected
from keyplan.secret_value import SecretValue

# Source: Secrets Manager PutSecretValue, SecretString: up to 65536 (checked 2026-11-21); AWS counts bytes.
SIZE_LIMIT_BYTES = 65_536
TOMBSTONE = "KEYPLAN_REVOKED"
_MOMENT = re.compile(r"[0-9]{8}T[0-9]{6}Z")


def encode(value: SecretValue, json_key: str) -> str:
    """The text to store. Raises ValueRejected when it is larger than the store takes."""
    text = json.dumps({json_key: value.reveal()}, ensure_ascii=False)
    size_bytes = len(text.encode())
    if size_bytes > SIZE_LIMIT_BYTES:
        raise ValueRejected(
            f"the value is too large: stored as JSON it has {size_bytes} bytes, and a secret holds "
            f"{SIZE_LIMIT_BYTES}",
            "an API key is far shorter: check that the right thing was given",
        )
    return text


def tombstone(at: str) -> str:
    """The text in place of a value that was revoked. Args: at: when, as `20261121T181500Z`."""
    return json.dumps({TOMBSTONE: at})


def revoked_at(text: str | None) -> str | None:
    """When the value was revoked, where the text is a tombstone; else None."""
    if text is None or TOMBSTONE not in text:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    at = document.get(TOMBSTONE) if isinstance(document, dict) and len(document) == 1 else None
    return at if isinstance(at, str) and _MOMENT.fullmatch(at) else None


def decode(text: str | None, json_key: str, secret_name: str) -> SecretValue:
    """The value in a stored text.

    Args:
        text: SecretString, or None where the secret holds binary data.
        json_key: the field that has to hold the value.
        secret_name: for the message.

    Raises:
        StoreError: somebody stored another shape by hand; the message says which, and shows nothing of it.
    """
    found = _wrong_shape(text, json_key)
    if isinstance(found, SecretValue):
        return found
    raise StoreError(
        f"secret {secret_name} holds {found}; expected a JSON object with the one field {json_key}",
        "store it again with `keyplan put`, which writes that shape",
    ) from None


def _wrong_shape(text: str | None, json_key: str) -> SecretValue | str:
    if text is None:
        return "binary data"
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return "text that is not JSON"
    if not isinstance(document, dict):
        return "JSON that is not an object"
    if json_key not in document:
        return "a JSON object with other fields" if document else "an empty JSON object"
    if len(document) > 1:
        return f"a JSON object with {len(document)} fields"
    value = document[json_key]
    if not isinstance(value, str) or not value:
        return "a field that is not text" if value != "" else "an empty value"
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        return "characters that no environment variable can have"
    return SecretValue(value)
