"""Reads counted by principal, and matched with the catalogue's consumers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyplan.manifest.model import Manifest, ManifestConsumer

SHOWN_CHARACTERS = 200  # of what a caller chose itself, as its program's name
LISTED = 5  # addresses and programs of one principal; more are counted
# Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies": the role is
# AWSReservedSSO_ + the set's name + _ + 16 characters that AWS chooses (checked 2026-11-21).
_SSO_ROLE = re.compile(r".*/AWSReservedSSO_(?P<set>.+)_[0-9a-f]{16}")


@dataclass(frozen=True)
class Read:
    """One call that asked for the value."""

    principal: str  # what consumers are compared with: a role's ARN, a member as IAM spells it
    described: str  # the same for a person, with the session where there is one
    at: datetime
    address: str
    program: str
    is_refused: bool = False


@dataclass(frozen=True)
class ReaderCount:
    """What one principal did."""

    described: str
    consumers: tuple[str, ...]  # which of the catalogue's it is; none: the catalogue does not name it
    reads: int
    refused: int
    first: datetime
    last: datetime
    addresses: tuple[str, ...]
    programs: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The entry under `readers`."""
        return {
            "principal": self.described,
            "consumers": list(self.consumers),
            "reads": self.reads,
            "refused": self.refused,
            "firstAt": _moment(self.first),
            "lastAt": _moment(self.last),
            "addresses": list(self.addresses),
            "programs": list(self.programs),
        }


@dataclass(frozen=True)
class ReadReport:
    """Who read in one cloud."""

    cloud: str
    since: datetime
    until: datetime
    readers: tuple[ReaderCount, ...] = ()
    is_complete: bool = True
    notes: tuple[str, ...] = field(default=())  # what may be missing, in words

    def to_json(self) -> dict[str, Any]:
        """The entry under `reads` of a record."""
        return {
            "cloud": self.cloud,
            "since": _moment(self.since),
            "until": _moment(self.until),
            "complete": self.is_complete,
            "notes": list(self.notes),
            "readers": [reader.to_json() for reader in self.readers],
        }


def tally(reads: Iterable[Read], manifest: Manifest, key: str, cloud: str) -> tuple[ReaderCount, ...]:
    """The reads by principal: those that the catalogue does not name first, then the latest first."""
    grouped: dict[str, list[Read]] = {}
    for read in reads:
        grouped.setdefault(read.principal or read.described, []).append(read)
    consumers = [
        manifest.consumers[name]
        for name in manifest.readers_of(key)
        if manifest.consumers[name].cloud == cloud
    ]
    counts = [_count(found, consumers) for found in grouped.values()]
    return tuple(sorted(counts, key=lambda count: (bool(count.consumers), -count.last.timestamp())))


def _count(reads: Sequence[Read], consumers: Sequence[ManifestConsumer]) -> ReaderCount:
    refused = sum(read.is_refused for read in reads)
    return ReaderCount(
        described=_most_recent(reads).described,
        consumers=tuple(one.name for one in consumers if is_of(one, reads[0].principal)),
        reads=len(reads) - refused,
        refused=refused,
        first=min(read.at for read in reads),
        last=max(read.at for read in reads),
        addresses=_listed(read.address for read in reads),
        programs=_listed(read.program for read in reads),
    )


def _most_recent(reads: Sequence[Read]) -> Read:
    return max(reads, key=lambda read: read.at)


def is_of(consumer: ManifestConsumer, principal: str) -> bool:
    """Whether a principal of an audit log is this consumer, as far as the catalogue tells.

    A federated identity on Google Cloud is logged with its pool and subject, not with the attribute that it
    was granted by: so every CI consumer of that pool may be it. Members of a group are logged by address.
    """
    if not principal:
        return False
    if principal in (consumer.role_arn, consumer.member):
        return True
    settings = consumer.settings
    sso = _SSO_ROLE.fullmatch(principal)
    if sso is not None and sso["set"] == settings.get("permissionSet"):
        return True
    if principal in (settings.get("members") or ()):
        return True
    pool = (consumer.workload_identity_provider or "").partition("/providers/")[0]
    return bool(pool) and principal.startswith(f"principal://iam.googleapis.com/{pool}/")


def shown(value: object) -> str:
    """What a log says, on one line, without characters that a terminal acts on."""
    text = "".join(character if character.isprintable() else " " for character in str(value or ""))
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _listed(texts: Iterable[str]) -> tuple[str, ...]:
    different = sorted({text for text in texts if text})
    further = len(different) - LISTED
    return (*different[:LISTED], *([f"and {further} more"] if further > 0 else []))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
