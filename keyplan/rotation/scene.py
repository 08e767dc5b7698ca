"""What the steps of a rotation work with: the key, its stores, a way to read a version and to ask the vendor.

Owns looking at all stores together, and reading one version where the caller may. Knows no command line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyplan.errors import KeyplanError
from keyplan.rotation.moment import Standing, pending_of, standing
from keyplan.storing.steps import Ready, fingerprint_of, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import SecretState, Store, Version
    from keyplan.stores.opening import Reader
    from keyplan.vendors.organization import Organization
    from keyplan.vendors.road import VendorRoad


@dataclass
class Scene:
    """One key of one environment, and the ways to act on it.

    Args:
        manifest: the environment.
        key: the key.
        stores: one for each of its clouds, in the manifest's order.
        open_reader: gives the reader of a cloud; asked only when a version is to be read.
        road: to the vendor.
        admin: gives the vendor's Admin API, or None where there is no admin key.
        say: takes what a person should see while it happens.
        now: the clock.
    """

    manifest: Manifest
    key: ManifestKey
    stores: Sequence[Store]
    open_reader: Callable[[str], Reader]
    road: VendorRoad
    admin: Callable[[], Organization | None]
    say: Callable[[str], None]
    now: Callable[[], datetime]
    _readers: dict[str, Reader] = field(default_factory=dict)

    def look(self) -> Look:
        """What every store says now.

        Raises:
            StoreError, UsageError: as `storing.prepare` does.
        """
        return Look(prepare(self.stores, self.key, whole=True))

    def read(self, cloud: str, version_id: str) -> SecretValue:
        """One version's value. Raises KeyplanError where the caller may not read it, or it is gone."""
        if cloud not in self._readers:
            self._readers[cloud] = self.open_reader(cloud)
        return self._readers[cloud].read_version(self.key.name, version_id)

    def may_read(self, cloud: str, version_id: str, mark: str | None) -> SecretValue | None:
        """The value of a version if the caller may read it and it is the one of that fingerprint; without a
        fingerprint whatever it is.
        """
        try:
            value = self.read(cloud, version_id)
        except KeyplanError:
            return None
        return value if mark is None or fingerprint_of(value) == mark else None


@dataclass(frozen=True)
class Look:
    """All stores at one moment."""

    ready: Sequence[Ready]

    @property
    def states(self) -> Mapping[str, SecretState]:
        """What each store says, by cloud."""
        return {each.store.cloud: each.state for each in self.ready}

    @property
    def standing(self) -> Standing:
        """Where the rotation stands."""
        return standing(self.states)

    @property
    def bound_url(self) -> str | None:
        """The gateway or check URL that the secrets themselves name; None where they do not agree."""
        urls = {each.state.bound_url for each in self.ready}
        return urls.pop() if len(urls) == 1 else None

    def of(self, cloud: str) -> Ready:
        """What is known of one store."""
        return next(each for each in self.ready if each.store.cloud == cloud)

    def ids(self) -> Mapping[str, tuple[str | None, str | None]]:
        """The version that readers get and the one that waits, by cloud: what another person would change."""
        return {cloud: (_id(state.current), _id(pending_of(state))) for cloud, state in self.states.items()}


def _id(version: Version | None) -> str | None:
    return version.version_id if version else None
