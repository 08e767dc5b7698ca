"""A label sits on one version only, and AWSCURRENT alone decides which version is read by default.

AWS: a label named in PutSecretValue leaves the version that had it; when AWSCURRENT moves, AWSPREVIOUS goes
to the version that it left, and that version keeps its other labels; GetSecretValue without a version reads
the one labelled AWSCURRENT. Source: Secrets Manager API reference, PutSecretValue (VersionStages) and
GetSecretValue (checked 2026-11-21).

moto keeps a second idea of the current version, `default_version_id`, which UpdateSecretVersionStage does not
move: after a promotion, reads return the old value and the next put leaves two versions labelled AWSCURRENT.
It also drops the other labels of the version that was current.
"""

from __future__ import annotations

from typing import Any

from sandbox.moto_patches import replace


def apply() -> None:
    """Derive the default version from the labels, and move labels as AWS does."""
    from moto.secretsmanager.models import FakeSecret

    # An attribute of each secret becomes a property, so there is nothing on the class to replace.
    setattr(FakeSecret, "default_version_id", property(_current_version_id, _ignore))  # noqa: B010
    replace(FakeSecret, "reset_default_version", _put_current)


def _current_version_id(secret: Any) -> str | None:
    for version_id, version in secret.versions.items():
        if "AWSCURRENT" in version["version_stages"]:
            return str(version_id)
    return None


def _ignore(secret: Any, version_id: str | None) -> None:
    """moto assigns its second idea of the current version here; the labels are the only truth."""


def _put_current(secret: Any, new_version: dict[str, Any], version_id: str) -> None:
    labels = new_version["version_stages"]
    previous = secret.versions.get(_current_version_id(secret))
    for version in secret.versions.values():
        moved = {*labels, "AWSPREVIOUS"} if previous is not None else set(labels)
        version["version_stages"] = [label for label in version["version_stages"] if label not in moved]
    if previous is not None and "AWSPREVIOUS" not in labels:
        previous["version_stages"].append("AWSPREVIOUS")
    secret.versions[version_id] = new_version
