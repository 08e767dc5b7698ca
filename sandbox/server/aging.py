"""Moving time: what is stored in the cloud becomes older, and what was to be deleted by then is gone.

Ages secrets with their versions, CloudTrail's records, metric data and alarms' states, everything of Google
Cloud that has a date, and the vendor's keys with their use. Left out on purpose: AWS's IAM, KMS, Lambda and
SNS, where no command looks at a date.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sandbox.gcp_server.application import GoogleCloud
from sandbox.label_times import older_label, older_value
from sandbox.moto_patches.trail_events import age_records
from sandbox.vendor_server import VendorWorld

SECRET_DATES = (
    "created_date",
    "last_changed_date",
    "deleted_date",
    "last_rotation_date",
    "next_rotation_date",
)
VERSION_DATES = ("createdate", "accessed_day")


def age_everything(seconds: int, google: GoogleCloud, vendor: VendorWorld) -> dict[str, Any]:
    """Move every stored date `seconds` into the past.

    Returns: `versions`, a count; `gone`, names of secrets; `expired`, names of the vendor's keys.
    """
    if seconds <= 0:
        raise ValueError("time moves forward only")
    expired = vendor.age(seconds)  # first: it alone may be unable to, and then nothing has moved
    versions = 0
    gone: list[str] = []
    for backend in _backends("secretsmanager"):
        versions += sum(_age_secret(secret, seconds) for secret in _primaries(backend))
        gone += _remove_expired(backend)
    for backend in _backends("cloudwatch"):
        _age_monitoring(backend, timedelta(seconds=seconds))
    for backend in _backends("cloudtrail"):
        age_records(backend, seconds)
    aged = google.age(timedelta(seconds=seconds))
    return {
        "versions": versions + aged.versions,
        "gone": [*gone, *aged.gone],
        "expired": expired,
    }


def _backends(service: str) -> Iterator[Any]:
    from moto.backends import get_backend

    by_account: dict[str, dict[str, Any]] = get_backend(service)  # type: ignore[call-overload]
    for regions in list(by_account.values()):
        yield from list(regions.values())


def _primaries(backend: Any) -> list[Any]:
    # A replica shows its primary's versions and dates, so that it ages with it.
    return [secret for secret in list(backend.secrets.values()) if hasattr(secret, "deleted_date")]


def _age_secret(secret: Any, seconds: int) -> int:
    for name in SECRET_DATES:
        date = getattr(secret, name)
        if date is not None:
            setattr(secret, name, date - seconds)
    span = timedelta(seconds=seconds)
    for version in secret.versions.values():
        for name in VERSION_DATES:
            if name in version:
                version[name] -= seconds
        # In place: moto's own lists of labels are these very objects.
        version["version_stages"][:] = [older_label(label, span) for label in version["version_stages"]]
        if isinstance(version.get("secret_string"), str):
            version["secret_string"] = older_value(version["secret_string"], span)
    return len(secret.versions)


def _remove_expired(backend: Any) -> list[str]:
    now = time.time()
    expired = [secret for secret in _primaries(backend) if secret.deleted_date and secret.deleted_date <= now]
    for secret in expired:
        backend.secrets.pop(secret.name)
    return [secret.name for secret in expired]


def _age_monitoring(backend: Any, span: timedelta) -> None:
    for datum in backend.metric_data:
        datum.timestamp -= span
    for alarm in backend.alarms.values():
        alarm.state_updated_timestamp -= span
