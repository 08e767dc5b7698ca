"""Reading a label that no version has says that the value is missing, not that the secret is.

AWS: GetSecretValue with a VersionStage that no version has fails with ResourceNotFoundException whose
message ends "for staging label: LABEL"; a secret that does not exist has a message without it. The two need
different next steps, and only the text tells them apart. Source: observed messages of both cases in public
issue reports of Secrets Manager clients (checked 2026-11-21).

moto uses the words of a missing secret for both when VersionStage is given.
"""

from __future__ import annotations

from typing import Any

from sandbox.moto_patches import replace


def apply() -> None:
    """Check the label before moto looks for the version."""
    from moto.secretsmanager.exceptions import ResourceNotFoundException
    from moto.secretsmanager.models import SecretsManagerBackend

    original = SecretsManagerBackend.get_secret_value

    def get_secret_value(backend: Any, secret_id: str, version_id: str, version_stage: str) -> dict[str, Any]:
        secret = backend.secrets.get(secret_id)
        wanted = version_stage if not version_id else None
        if secret is not None and wanted and not _carried(secret, wanted):
            raise ResourceNotFoundException(
                f"Secrets Manager can't find the specified secret value for staging label: {wanted}"
            )
        answer: dict[str, Any] = original(backend, secret_id, version_id, version_stage)
        return answer

    replace(SecretsManagerBackend, "get_secret_value", get_secret_value)


def _carried(secret: Any, label: str) -> bool:
    return any(label in version["version_stages"] for version in secret.versions.values())
