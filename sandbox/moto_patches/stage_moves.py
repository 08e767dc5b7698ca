"""UpdateSecretVersionStage: a label is moved only from where it is, and AWSCURRENT is never simply removed.

AWS: when the label is on another version, RemoveFromVersionId must name that version, for every label;
AWSCURRENT can move to another version and cannot be taken away; moving it moves AWSPREVIOUS to the version
that it left. Source: Secrets Manager API reference, UpdateSecretVersionStage (checked 2026-11-21).

moto asks for RemoveFromVersionId for AWSCURRENT only, puts other labels on two versions, adds a label twice,
lets AWSCURRENT vanish, and answers 500 when no version is current.
"""

from __future__ import annotations

from typing import Any

from sandbox.moto_patches import replace


def apply() -> None:
    """Replace the backend's method."""
    from moto.secretsmanager.models import SecretsManagerBackend

    replace(SecretsManagerBackend, "update_secret_version_stage", _update_secret_version_stage)


def _update_secret_version_stage(
    backend: Any,
    secret_id: str,
    version_stage: str,
    remove_from_version_id: str | None,
    move_to_version_id: str | None,
) -> tuple[str, str]:
    from moto.secretsmanager.exceptions import SecretNotFoundException

    if secret_id not in backend.secrets:
        raise SecretNotFoundException()
    secret = backend.secrets[secret_id]
    _check(secret.versions, version_stage, remove_from_version_id, move_to_version_id)
    if remove_from_version_id:
        _take(secret.versions[remove_from_version_id], version_stage)
    if move_to_version_id:
        _give(secret.versions[move_to_version_id], version_stage)
    moved = remove_from_version_id and move_to_version_id and remove_from_version_id != move_to_version_id
    if version_stage == "AWSCURRENT" and moved:
        for version in secret.versions.values():
            _take(version, "AWSPREVIOUS")
        _give(secret.versions[remove_from_version_id], "AWSPREVIOUS")
    return secret.arn, secret.name


def _check(versions: dict[str, Any], label: str, remove_from: str | None, move_to: str | None) -> None:
    from moto.secretsmanager.exceptions import InvalidParameterException

    for version_id in (remove_from, move_to):
        if version_id and version_id not in versions:
            raise InvalidParameterException(f"Not a valid version: {version_id}")
    holder = next((key for key, version in versions.items() if label in version["version_stages"]), None)
    if remove_from and holder != remove_from:
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId does not name the version that {label} is attached to."
        )
    if holder not in (None, move_to) and not remove_from:
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached "
            f"to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    if label == "AWSCURRENT" and not move_to:
        raise InvalidParameterException(
            "You can only move staging label AWSCURRENT to a different secret version. "
            "It can't be completely removed."
        )


def _take(version: dict[str, Any], label: str) -> None:
    version["version_stages"] = [other for other in version["version_stages"] if other != label]


def _give(version: dict[str, Any], label: str) -> None:
    if label not in version["version_stages"]:
        version["version_stages"].append(label)
