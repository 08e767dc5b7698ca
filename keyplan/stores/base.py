"""What a store of secrets can do for the commands, whatever the cloud, and what they get back.

Owns the protocol and its data. Errors are `keyplan.errors.StoreError` and its subclasses; what a cloud's SDK
raises never leaves the store's own module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from keyplan.age import State
from keyplan.errors import KeyplanError
from keyplan.manifest.model import ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.stores.labels import VersionLabel

CLOUD_NAMES = {"aws": "AWS", "gcp": "Google Cloud"}


class Stage(StrEnum):
    """Where a version is on its way; a version that is at none of these is history."""

    PENDING = "pending"  # stored by a rotation that has not promoted it yet; no reader gets it
    CURRENT = "current"  # readers are sent to it
    PREVIOUS = "previous"  # readers were sent to it until the last promotion


@dataclass(frozen=True)
class Version:
    """One stored version of a key's value; never the value."""

    version_id: str
    created: datetime  # aware, UTC
    label: VersionLabel | None  # None where something else than keyplan stored it
    stage: Stage | None = None
    is_readable: bool = True  # False once it is disabled, destroyed or deprecated: the store gives it no more


@dataclass(frozen=True)
class Trouble:
    """Why readers get no value although there is something: the word for it, and what to say."""

    state: State
    error: KeyplanError


@dataclass(frozen=True)
class SecretState:
    """What the metadata of a key's secret says."""

    current: Version | None  # the one that readers are sent to
    trouble: Trouble | None = None
    deleted: datetime | None = None  # when it is to be gone for good; None unless it is deleted
    unserved: Version | None = None  # one that is there, and that no reader is sent to
    note: KeyplanError | None = None  # what a person should know although readers get their value
    # Everything that the store still tells of, newest first; only what is on the way where `state` was asked,
    # which is cheaper than `history`.
    versions: tuple[Version, ...] = ()
    copies_behind: tuple[str, ...] = ()  # regions whose copy is not what the secret is
    bound_url: str | None = None  # the gateway or check URL that `pulumi up` wrote on the secret

    def at(self, stage: Stage) -> Version | None:
        """The version at a stage, or None."""
        return next((version for version in self.versions if version.stage is stage), None)

    def known(self, fingerprint: str | None) -> VersionLabel | None:
        """What is written about the value of this fingerprint, as far as labels go back."""
        labels = (version.label for version in self.versions)
        return next(
            (label for label in labels if label and label.fingerprint and label.fingerprint == fingerprint),
            None,
        )

    def holds(self, fingerprint: str | None) -> bool:
        """Whether readers get the value of this fingerprint already, as far as metadata can tell."""
        label = self.current.label if self.current and not self.trouble else None
        return fingerprint is not None and label is not None and label.fingerprint == fingerprint


class Place(Protocol):
    """Where an environment's secrets are."""

    @property
    def host(self) -> str:
        """`AWS in eu-west-1`, `the sandbox at 127.0.0.1:5000`."""

    @property
    def title(self) -> str:
        """The account or project, and the host."""

    @property
    def endpoint_url(self) -> str | None:
        """The store's URL; None for the cloud's own."""


class Deposit(Protocol):
    """One version on its way into one secret, in the steps that several stores can take together."""

    @property
    def version_id(self) -> str | None:
        """The version's id, as soon as it is known."""

    @property
    def seen_when_added(self) -> bool:
        """Whether `add` lets readers get the value at once: AWS makes the first value current, whatever is
        asked for. Nobody got anything before it.
        """

    def add(self) -> None:
        """Store the value as PENDING: no reader gets it, except where `seen_when_added` says so."""

    def promote(self) -> str:
        """Let readers get it, and return the version's id. A second call does nothing.

        Raises:
            ChangedMeanwhile: it is pending no more because somebody else began, or readers were sent
                elsewhere meanwhile. Nothing was changed.
        """

    def current_version(self) -> str | None:
        """The version that readers get now, after a step that failed; raises what `state` raises."""

    def withdraw(self) -> bool:
        """Take back what `add` did, where nothing was promoted, and say whether that is done.

        What fails is told to a person through the store's `say` and raises nothing.
        """

    def restore(self) -> str:
        """Let readers get again what they got before the promotion, and return its version's id.

        Raises:
            ValueMissing: they got nothing before, and this store cannot take a first value away.
        """


class Store(Protocol):
    """A place where values are kept."""

    @property
    def cloud(self) -> str:
        """`aws` or `gcp`."""

    @property
    def place(self) -> Place:
        """Where it is."""

    def caller(self) -> str:
        """Who is calling: `assumed-role/Admin/alice`, `user:alice@example.com`.

        Raises:
            UsageError: it is somebody of another account. A manifest could name a secret of somebody else's
                that lets anybody write to it.
        """

    def survey(self, keys: Sequence[ManifestKey]) -> None:
        """Learn of many keys at once what the cloud tells at once; `state` of each asks for the rest."""

    def state(self, key: ManifestKey) -> SecretState:
        """The metadata of a key's secret. Raises AccessDenied, SecretMissing, Unreachable and their kin."""

    def history(self, key: ManifestKey) -> SecretState:
        """The same with every version that the store still tells of."""

    def check_size(self, key: ManifestKey, value: SecretValue) -> None:
        """Raise ValueRejected for a value that the store has no room for."""

    def deposit(
        self, key: ManifestKey, state: SecretState, value: SecretValue, label: VersionLabel
    ) -> Deposit:
        """Prepare to store a value; nothing is done yet."""

    def pending(self, key: ManifestKey, state: SecretState) -> Deposit | None:
        """The deposit of the version that is pending already, or None: to promote it, or to withdraw it.

        Its `add` does nothing; its `promote` also writes since when the value is served.
        """

    def go_back(self, key: ManifestKey, state: SecretState) -> str:
        """Send readers to the previous version and make the current one the previous; return the id of the
        version that readers get.

        Raises:
            ValueMissing: there is no previous version.
            ChangedMeanwhile: the versions are no longer where `state` saw them.
        """

    def shut(self, key: ManifestKey, state: SecretState, version: Version, fate: str, at: str) -> None:
        """Write a version's end on its label, and take its value from readers as far as the store can.

        A second call goes on where the first one stopped, or does nothing.

        Args:
            key: whose.
            state: of the secret.
            version: the one to shut.
            fate: RETIRED, or REVOKED; only a REVOKED one may be the current one.
            at: since when, as `20261121T181500Z`.

        Raises:
            UsageError: the current version cannot be retired.
        """

    def restore_secret(self, key: ManifestKey) -> str:
        """Undo the deletion of a secret whose recovery window is open, and say what was done, as in
        `secret dev/anthropic-api-key can be read again`.

        Raises:
            UsageError: nothing is deleted.
        """
