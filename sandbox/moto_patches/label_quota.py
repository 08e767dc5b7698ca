"""All versions of a secret have at most 20 staging labels together.

AWS: a call that would attach a 21st label fails with LimitExceededException. Source: Secrets Manager User
Guide, "AWS Secrets Manager quotas", labels attached across all versions of a secret; the code is the one that
botocore's service model lists for PutSecretValue and UpdateSecretVersionStage (checked 2026-11-21).

moto counts nothing: a command that never takes old labels off would work here until it meets AWS.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sandbox.moto_patches import replace

LABELS_MAX = 20


def apply() -> None:
    """Count before each of the two methods that attach labels."""
    from moto.secretsmanager.models import SecretsManagerBackend

    put, move = SecretsManagerBackend.put_secret_value, SecretsManagerBackend.update_secret_version_stage

    def put_secret_value(
        backend: Any,
        secret_id: str,
        secret_string: str,
        secret_binary: str,
        client_request_token: str,
        version_stages: list[str],
    ) -> str:
        _check(backend.secrets.get(secret_id), version_stages)
        answer: str = put(
            backend, secret_id, secret_string, secret_binary, client_request_token, version_stages
        )
        return answer

    def update_secret_version_stage(
        backend: Any,
        secret_id: str,
        version_stage: str,
        remove_from_version_id: str,
        move_to_version_id: str,
    ) -> tuple[str, str]:
        if move_to_version_id:
            _check(backend.secrets.get(secret_id), [version_stage])
        answer: tuple[str, str] = move(
            backend, secret_id, version_stage, remove_from_version_id, move_to_version_id
        )
        return answer

    replace(SecretsManagerBackend, "put_secret_value", put_secret_value)
    replace(SecretsManagerBackend, "update_secret_version_stage", update_secret_version_stage)


def _check(secret: Any, labels: Collection[str]) -> None:
    from moto.secretsmanager.exceptions import SecretsManagerClientError

    if secret is None:
        return
    # A label is on one version at a time, so a set is what they are together.
    attached = {label for version in secret.versions.values() for label in version["version_stages"]}
    if len(attached | set(labels)) > max(LABELS_MAX, len(attached)):
        raise SecretsManagerClientError(
            "LimitExceededException",
            f"You can't attach more than {LABELS_MAX} staging labels to the versions of a secret.",
        )
