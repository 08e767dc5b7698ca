"""A version never changes: its ClientRequestToken with the same value does nothing, with another fails.

AWS: PutSecretValue with the token of an existing version succeeds and does nothing when the value is the
same, and fails with ResourceExistsException when it differs. A version that holds no value yet (a rotation
made it) takes one. Source: Secrets Manager API reference, PutSecretValue, ClientRequestToken (checked
2026-11-21).

moto overwrites the value, the date and the labels of a version that is labelled AWSPENDING: a rotation that
is resumed with its token would lose what was stored.
"""

from __future__ import annotations

from typing import Any

from sandbox.moto_patches import replace


def apply() -> None:
    """Check the token before moto's own check, which makes an exception for AWSPENDING."""
    from moto.secretsmanager.models import SecretsManagerBackend

    original = SecretsManagerBackend._check_with_existing_secrets_and_versions

    def check(
        backend: Any,
        secret_name: str,
        client_request_token: str | None,
        secret_string: str | None,
        secret_binary: str | None,
        on_create: bool = False,
    ) -> Any:
        secret = backend.secrets.get(secret_name)
        version = getattr(secret, "versions", {}).get(client_request_token)
        stored = version and (version.get("secret_string"), version.get("secret_binary"))
        if not stored or stored == (None, None):
            return original(
                backend, secret_name, client_request_token, secret_string, secret_binary, on_create=on_create
            )
        if stored == (secret_string, secret_binary):
            return secret
        raise _already_used(client_request_token, secret)

    replace(SecretsManagerBackend, "_check_with_existing_secrets_and_versions", check)


def _already_used(token: str | None, secret: Any) -> Exception:
    from moto.secretsmanager.exceptions import ResourceExistsException

    return ResourceExistsException(
        f"You can't use ClientRequestToken {token} because that value is already in use for a version of "
        f"secret {secret.arn}."
    )
