"""Asking each cloud of a key who read its value. What one cloud refuses does not hide the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.errors import KeyplanError
from keyplan.reads.tally import ReadReport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from keyplan.manifest.model import Manifest, ManifestKey


def who_read(
    manifest: Manifest,
    key: ManifestKey,
    cloud: str,
    since: datetime,
    now: datetime,
    *,
    trusted_hosts: Collection[str],
    timeout_seconds: float,
    report: Callable[[str], None],
) -> ReadReport | KeyplanError:
    """Who asked one cloud for a key's value since a moment, or why that cannot be told."""
    try:
        if cloud == "gcp":
            from keyplan.reads import cloud_logging

            return cloud_logging.read_report(
                manifest, key, since, now, trusted_hosts, timeout_seconds, report
            )
        from keyplan.reads import cloudtrail

        return cloudtrail.read_report(manifest, key, since, now, trusted_hosts, timeout_seconds, report)
    except KeyplanError as error:
        return error
