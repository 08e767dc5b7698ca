"""Secrets and their versions as they are kept, and as the API shows them."""

from __future__ import annotations

import itertools
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sandbox.gcp_server import times
from sandbox.gcp_server.access.policies import Policy
from sandbox.label_times import older_label

State = Literal["ENABLED", "DISABLED", "DESTROYED"]
_changes = itertools.count(0x16151A2F0E8B3F)  # etags look like "16151a2f0e8b3f", quotation marks included


def next_etag() -> str:
    """An etag that no resource has had."""
    return f'"{next(_changes):x}"'


@dataclass
class Version:
    """One version of a secret."""

    number: int
    payload: bytes | None  # None once destroyed
    checksum: int
    checksum_was_given: bool
    replication_status: dict[str, Any]
    created: datetime
    state: State = "ENABLED"
    destroyed: datetime | None = None
    destruction: datetime | None = None  # when it is to be destroyed
    etag: str = field(default_factory=next_etag)

    def destroy(self, at: datetime) -> None:
        """Forget the payload for good."""
        self.payload, self.state, self.destroyed, self.destruction = None, "DESTROYED", at, None

    def shown(self, secret_name: str) -> dict[str, Any]:
        """As the API shows it."""
        body: dict[str, Any] = {
            "name": f"{secret_name}/versions/{self.number}",
            "createTime": times.stamp(self.created),
            "state": self.state,
            "replicationStatus": deepcopy(self.replication_status),
            "etag": self.etag,
        }
        if self.destroyed is not None:
            body["destroyTime"] = times.stamp(self.destroyed)
        if self.destruction is not None:
            body["scheduledDestroyTime"] = times.stamp(self.destruction)
        if self.checksum_was_given:
            body["clientSpecifiedPayloadChecksum"] = True
        return body


@dataclass
class Secret:
    """One secret."""

    name: str  # projects/NUMBER/secrets/ID
    created: datetime
    replication: dict[str, Any]
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    topics: list[dict[str, str]] = field(default_factory=list)
    next_rotation: datetime | None = None
    rotation_period: timedelta | None = None
    expires: datetime | None = None
    version_destroy_ttl: timedelta | None = None
    versions: list[Version] = field(default_factory=list)  # the oldest first; numbers are never used again
    policy: Policy = field(default_factory=Policy)
    etag: str = field(default_factory=next_etag)

    @property
    def secret_id(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]

    def shown(self) -> dict[str, Any]:
        """As the API shows it: what is empty is left out."""
        body: dict[str, Any] = {
            "name": self.name,
            "createTime": times.stamp(self.created),
            "replication": deepcopy(self.replication),
            "etag": self.etag,
        }
        for name in ("labels", "annotations", "topics"):
            if getattr(self, name):
                body[name] = deepcopy(getattr(self, name))
        if self.aliases:
            body["versionAliases"] = {alias: str(number) for alias, number in sorted(self.aliases.items())}
        if self.expires is not None:
            body["expireTime"] = times.stamp(self.expires)
        if self.version_destroy_ttl is not None:
            body["versionDestroyTtl"] = times.seconds(self.version_destroy_ttl)
        if self.next_rotation is not None:
            body["rotation"] = {"nextRotationTime": times.stamp(self.next_rotation)}
            if self.rotation_period is not None:
                body["rotation"]["rotationPeriod"] = times.seconds(self.rotation_period)
        return body

    def settle(self, now: datetime) -> int:
        """Do what time has done: destroy versions that are due, move the rotation on.

        Returns how many rotation notices were due.
        """
        for version in self.versions:
            if version.destruction is not None and version.destruction <= now:
                version.destroy(version.destruction)
        notices = 0
        while self.next_rotation is not None and self.next_rotation <= now:
            notices += 1
            self.next_rotation = self.next_rotation + self.rotation_period if self.rotation_period else None
        return notices

    def age(self, span: timedelta) -> None:
        """Make the secret and its versions older, and what keyplan says of them."""
        self.created -= span
        self.annotations = {name: older_label(text, span) for name, text in self.annotations.items()}
        for name in ("next_rotation", "expires"):
            moment = getattr(self, name)
            if moment is not None:
                setattr(self, name, moment - span)
        for version in self.versions:
            version.created -= span
            if version.destroyed is not None:
                version.destroyed -= span
            if version.destruction is not None:
                version.destruction -= span
