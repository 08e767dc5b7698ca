"""LastAccessedDate is the day of the last read, and absent where nobody has read.

AWS: DescribeSecret and ListSecretVersionIds give the date, without the time, at which a secret or a version
was last read. Source: Secrets Manager API reference, SecretVersionsListEntry (checked 2026-11-21).

moto answers "now" for versions and never a date for secrets: an unused key could not be told from a used one.
"""

from __future__ import annotations

import time
from typing import Any

from sandbox.moto_patches import replace

SECONDS_PER_DAY = 86400


def apply() -> None:
    """Note the day of each successful read on the version, and show the latest on the secret."""
    from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

    read, describe = SecretsManagerBackend.get_secret_value, FakeSecret.to_dict

    def get_secret_value(backend: Any, secret_id: str, version_id: str, version_stage: str) -> dict[str, Any]:
        answer: dict[str, Any] = read(backend, secret_id, version_id, version_stage)
        now = int(time.time())
        version = backend.secrets[secret_id].versions[answer["VersionId"]]
        version["accessed_day"] = now - now % SECONDS_PER_DAY
        return answer

    def to_dict(secret: Any) -> dict[str, Any]:
        answer: dict[str, Any] = describe(secret)
        days = [version["accessed_day"] for version in secret.versions.values() if "accessed_day" in version]
        answer["LastAccessedDate"] = max(days, default=None)
        return answer

    replace(SecretsManagerBackend, "get_secret_value", get_secret_value)
    replace(FakeSecret, "to_dict", to_dict)
