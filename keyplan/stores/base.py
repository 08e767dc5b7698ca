"""What a store of secrets can do for the commands, whatever the cloud, and what they get back.

Owns the protocol and its data. Errors are `keyplan.errors.StoreError` and its subclasses; what a cloud's SDK
raises never leaves the store's own module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from keyplan.errors import KeyplanError
from keyplan.manifest import ManifestKey
from keyplan.secret_value import SecretValue


@dataclass(frozen=True)
class Version:
    """One stored version of a key's value; never the value."""

    version_id: str
    created: datetime  # aware, UTC
    labels: tuple[str, ...]


@dataclass(frozen=True)
class SecretState:
    """What the metadata of a key's secret says."""

    deleted: datetime | None  # when it is to be gone for good; None unless it is deleted
    versions: tuple[Version, ...]  # oldest first

    @property
    def current(self) -> Version | None:
        """The version that readers get."""
        return next((version for version in self.versions if "AWSCURRENT" in version.labels), None)


@dataclass(frozen=True)
class Caller:
    """Who the cloud says is calling."""

    account_id: str
    name: str  # `assumed-role/Admin/alice`


class Store(Protocol):
    """A place where values are kept."""

    def caller(self) -> Caller:
        """Who is calling, and in which account."""

    def state(self, key: ManifestKey) -> SecretState:
        """The metadata of a key's secret. Raises AccessDenied, SecretMissing, Unreachable and their kin."""

    def deleted_error(self, key: ManifestKey, state: SecretState) -> KeyplanError:
        """The words for a key whose secret is deleted: until when, and how to restore it."""

    def put(self, key: ManifestKey, value: SecretValue, labels: Sequence[str]) -> str:
        """Store a version, make it the current one with these further labels, and return its id."""

    def drop_label(self, key: ManifestKey, version_id: str, label: str) -> None:
        """Take a label off a version."""
