"""ListSecretVersionIds tells when each version was made, and lists the labelled ones.

AWS: CreatedDate is the version's own; versions without labels are listed only with IncludeDeprecated,
versions without a value never; ARN is the secret's; MaxResults and NextToken page; a secret that does not
exist is ResourceNotFoundException. DescribeSecret names only versions that have a label. Source: Secrets
Manager API reference, ListSecretVersionIds and DescribeSecret (checked 2026-11-21).

moto answers "now" as the date of every version, so that nothing ever gets older; it lists every version,
gives the name where the ARN belongs, and answers 500 for a missing secret.
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.moto_patches import replace

PAGE_SIZE_DEFAULT = 100


def apply() -> None:
    """Replace the method that answers the request, and DescribeSecret's map of versions."""
    from moto.secretsmanager.models import FakeSecret
    from moto.secretsmanager.responses import SecretsManagerResponse

    replace(SecretsManagerResponse, "list_secret_version_ids", _list_secret_version_ids)
    replace(FakeSecret, "_form_version_ids_to_stages", _labels_by_version)


def _labels_by_version(secret: Any) -> dict[str, list[str]]:
    return {
        key: version["version_stages"]
        for key, version in secret.versions.items()
        if version["version_stages"]
    }


def _list_secret_version_ids(response: Any) -> str:
    from moto.secretsmanager.exceptions import SecretNotFoundException

    secret = response.backend.secrets.get(response._get_param("SecretId", if_none=""))
    if secret is None:
        raise SecretNotFoundException()
    deprecated_too = response._get_param("IncludeDeprecated", if_none=False)
    entries = [
        _entry(version_id, version)
        for version_id, version in secret.versions.items()
        if _has_value(version) and (version["version_stages"] or deprecated_too)
    ]
    start = int(response._get_param("NextToken") or 0)
    end = start + (response._get_int_param("MaxResults") or PAGE_SIZE_DEFAULT)
    answer = {"ARN": secret.arn, "Name": secret.name, "Versions": entries[start:end]}
    if end < len(entries):
        answer["NextToken"] = str(end)
    return json.dumps(answer)


def _has_value(version: dict[str, Any]) -> bool:
    return version.get("secret_string") is not None or version.get("secret_binary") is not None


def _entry(version_id: str, version: dict[str, Any]) -> dict[str, Any]:
    entry = {
        "VersionId": version_id,
        "VersionStages": version["version_stages"],
        "CreatedDate": version["createdate"],
    }
    if "accessed_day" in version:  # kept by the access_dates correction
        entry["LastAccessedDate"] = version["accessed_day"]
    return entry
