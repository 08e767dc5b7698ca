"""A secret in its recovery window refuses everything but being described, listed, restored or deleted.

AWS: every call that uses or changes the secret fails with InvalidRequestException, "You can't perform this
operation on the secret because it was marked for deletion."; CreateSecret with its name fails with the same
code and its own words. DescribeSecret and ListSecretVersionIds do not know that error and answer. Source: the
errors that botocore's service model lists per operation, and messages in public issue reports (checked
2026-11-21).

moto lets values, labels, tags and policies of such a secret change, answers CreateSecret as if the secret
were alive, and words the rest differently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.moto_patches import replace

REFUSED = (
    "get_secret_value",
    "put_secret_value",
    "update_secret",
    "update_secret_version_stage",
    "rotate_secret",
    "cancel_rotate_secret",
    "put_resource_policy",
    "delete_resource_policy",
    "tag_resource",
    "untag_resource",
    "replicate_secret_to_regions",
    "remove_regions_from_replication",
)
MARKED = "You can't perform this operation on the secret because it was marked for deletion."
NAME_BLOCKED = (
    "You can't create this secret because a secret with this name is already scheduled for deletion."
)


def apply() -> None:
    """Put a check before each of the backend's methods."""
    from moto.secretsmanager.models import SecretsManagerBackend

    for name in REFUSED:
        replace(SecretsManagerBackend, name, _checked(getattr(SecretsManagerBackend, name), MARKED))
    replace(
        SecretsManagerBackend, "create_secret", _checked(SecretsManagerBackend.create_secret, NAME_BLOCKED)
    )


def _checked(original: Callable[..., Any], message: str) -> Callable[..., Any]:
    def method(backend: Any, *positional: Any, **named: Any) -> Any:
        from moto.secretsmanager.exceptions import InvalidRequestException

        identifiers = [named.get("secret_id"), named.get("name"), named.get("arn"), *positional[:1]]
        secret_id = next((text for text in identifiers if text), "")
        secret = backend.secrets.get(secret_id)
        if secret is not None and secret.is_deleted():
            raise InvalidRequestException(message)
        return original(backend, *positional, **named)

    return method
