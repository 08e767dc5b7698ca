"""The vendor's Admin API for the commands that use it, opened with the admin key that the caller has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.cli.arguments import trusted_hosts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from keyplan.manifest.document import ManifestDocument
    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.vendors.organization import Organization

WAYS_TO_ONE = (
    "set ANTHROPIC_ADMIN_API_KEY, or keep one as a key of vendor anthropic-admin that you may read (in the "
    "sandbox only the stored one is used)"
)


def open_organization(
    arguments: argparse.Namespace,
    manifest: Manifest,
    document: ManifestDocument,
    report: Callable[[str], None],
) -> Organization | None:
    """The organization of the caller's admin key; None where there is none for them.

    Args:
        arguments: with those of `add_environment`.
        manifest: the environment.
        document: the same, as the readers take it.
        report: takes lines for --verbose.

    Raises:
        UsageError: the manifest would have the admin key sent to a host that nobody confirmed.
    """
    from keyplan.stores.opening import open_reader
    from keyplan.vendors.organization import admin_of
    from keyplan.vendors.road import VendorRoad

    hosts = trusted_hosts(arguments)

    def read(key: ManifestKey) -> SecretValue | None:
        for cloud in document["clouds"]:
            reader = open_reader(cloud, document, hosts, arguments.timeout, report)
            values, _failures = reader.read([key.name])
            if key.name in values:
                return values[key.name]
        return None

    road = VendorRoad(manifest, hosts, arguments.timeout, report)
    return admin_of(manifest, road, read)
