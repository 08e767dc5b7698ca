"""The stores of an environment, one for each of its clouds, and the reader of one. Loads what it needs."""

from __future__ import annotations

from keyplan.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Protocol

    from keyplan.errors import KeyplanError
    from keyplan.manifest.document import ManifestDocument
    from keyplan.manifest.model import Manifest
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import Store

    class Reader(Protocol):
        """Reads the values of one environment."""

        def read(self, names: Sequence[str]) -> tuple[Mapping[str, SecretValue], Mapping[str, KeyplanError]]:
            """The values of these keys, and the failures of those that could not be read."""

        def read_version(self, name: str, version_id: str) -> SecretValue:
            """One version's value, whatever readers get; failures are KeyplanErrors."""


def open_stores(
    manifest: Manifest,
    trusted_hosts: Collection[str],
    timeout_seconds: float,
    report: Callable[[str], None],
    say: Callable[[str], None] = lambda _text: None,
) -> list[Store]:
    """A store for each cloud, in the manifest's order.

    Raises:
        UsageError, StoreError: as the stores do.
    """
    stores: list[Store] = []
    if manifest.aws is not None:
        from keyplan.stores.aws import AwsStore

        stores.append(AwsStore(manifest, trusted_hosts, timeout_seconds, report, say))
    if manifest.gcp is not None:
        from keyplan.stores.gcp import GcpStore

        stores.append(GcpStore(manifest, trusted_hosts, timeout_seconds, report, say))
    return stores


def open_reader(
    cloud: str,
    document: ManifestDocument,
    trusted_hosts: Collection[str],
    timeout_seconds: float,
    report: Callable[[str], None],
) -> Reader:
    """The reader of one cloud. Raises UsageError where the environment is not there."""
    if cloud == "gcp":
        from keyplan.stores.gcp_read import GcpReader

        return GcpReader(document, trusted_hosts, timeout_seconds, report)
    from keyplan.stores.aws_read import AwsReader

    return AwsReader(document, trusted_hosts, timeout_seconds, report)


def cloud_to_read(document: ManifestDocument, chosen: str | None, consumer: str | None) -> str:
    """Where to read: the cloud that was asked for, else the consumer's, else the environment's first.

    Raises:
        UsageError: the environment is not on the cloud that was asked for.
    """
    clouds = list(document["clouds"])
    if chosen is not None:
        if chosen not in clouds:
            raise UsageError(
                f"environment {document['environment']} is not on {chosen}; it is on {' and '.join(clouds)}"
            )
        return chosen
    if consumer is not None:
        return document["consumers"][consumer].get("cloud", "aws")
    return document.get("firstCloud", min(clouds))
