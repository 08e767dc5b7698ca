"""The shape of what a secret holds on Google Cloud: the value itself, as UTF-8. Pure.

Cloud Run, Cloud Build and the Secret Manager add-on of GKE hand the whole payload to a program, so it is
nothing but the value. No message here shows any part of what was found.
"""

from __future__ import annotations

from keyplan.errors import StoreError, ValueRejected
from keyplan.secret_value import SecretValue

# Source: Secret Manager, "Quotas and limits": 64 KiB a payload (checked 2026-11-21).
SIZE_LIMIT_BYTES = 65_536


def encode(value: SecretValue) -> bytes:
    """The bytes to store. Raises ValueRejected when they are more than the store takes."""
    content = value.reveal().encode()
    if len(content) > SIZE_LIMIT_BYTES:
        raise ValueRejected(
            f"the value is too large: it has {len(content)} bytes, and a secret holds {SIZE_LIMIT_BYTES}",
            "an API key is far shorter: check that the right thing was given",
        )
    return content


def decode(content: bytes, env_var: str, secret_id: str) -> SecretValue:
    """The value in a stored payload.

    Args:
        content: the payload.
        env_var: the key's variable: the field of the JSON object that is stored on AWS.
        secret_id: for the message.

    Raises:
        StoreError: somebody stored another shape by hand; the message says which, and shows nothing of it.
    """
    found = _wrong_shape(content, env_var)
    if isinstance(found, SecretValue):
        return found
    raise StoreError(
        f"secret {secret_id} holds {found}; expected the value alone",
        "store it again with `keyplan put`, which writes that shape",
    ) from None


def _wrong_shape(content: bytes, env_var: str) -> SecretValue | str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return "binary data"
    if not text:
        return "an empty value"
    if "\0" in text:
        return "characters that no environment variable can have"
    if text.endswith(("\n", "\r")):
        return "a line end after the value, as `echo` adds it"
    if text.lstrip().startswith("{") and f'"{env_var}"' in text:
        return "a JSON object, as it is stored on AWS"
    return SecretValue(text)
