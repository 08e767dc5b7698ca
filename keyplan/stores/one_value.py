"""One value, wherever it is stored: its versions in each cloud, and what is written beside them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from keyplan.stores.base import Version
    from keyplan.stores.labels import VersionLabel


@dataclass(frozen=True)
class OneValue:
    """A value's versions by cloud, newest first; never the value."""

    versions: Mapping[str, tuple[Version, ...]]

    @property
    def label(self) -> VersionLabel | None:
        """What is written beside it."""
        labels = (version.label for found in self.versions.values() for version in found)
        return next((label for label in labels if label is not None), None)

    @property
    def fingerprint(self) -> str | None:
        """Which value it is; None where nothing tells."""
        return self.label.fingerprint if self.label else None

    @property
    def hint(self) -> str | None:
        """The part of it that the vendor shows in its list."""
        return self.label.hint if self.label else None

    @property
    def stored(self) -> datetime | None:
        """When it was stored first."""
        return min((version.created for found in self.versions.values() for version in found), default=None)

    @property
    def named(self) -> str:
        """`R2D...igAA (fingerprint 0a1b2c3d4e5f)`, or its versions where nothing is written beside it."""
        if self.hint and self.fingerprint:
            return f"{self.hint} (fingerprint {self.fingerprint})"
        if self.fingerprint:
            return f"the one with fingerprint {self.fingerprint}"
        ids = (version.version_id for found in self.versions.values() for version in found)
        return f"version {', '.join(ids)}"
