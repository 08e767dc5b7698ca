"""What the errors of every store say in the same words. Pure.

Owns the sentences that hold whatever the cloud; `aws_errors` and `gcp_errors` own those of one cloud.
"""

from __future__ import annotations

from keyplan.errors import SecretMissing, UsageError, ValueMissing, ValueRevoked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from keyplan.endpoints import Endpoint

    class AnyPlace(Protocol):
        """Where secrets are; in words, it is the account or the project."""

        is_sandbox: bool

    class AnySubject(Protocol):
        """What a call was about, in any cloud."""

        key: str | None
        secret: str | None

        @property
        def place(self) -> AnyPlace: ...

        @property
        def named(self) -> str: ...


def host_of(endpoint: Endpoint | None, own: str) -> str:
    """Where requests go, for a person. Args: own: what the cloud's own host is called, for None."""
    if endpoint is None:
        return own
    return f"{'the sandbox at ' if endpoint.is_sandbox else ''}{endpoint.host}:{endpoint.port}"


def named(key: str | None, environment: str) -> str:
    """`key anthropic of environment prod`; without a key the environment alone."""
    return f"key {key} of environment {environment}" if key else f"environment {environment}"


def no_value(subject: AnySubject) -> ValueMissing:
    """The error for a secret in which there is nothing for readers."""
    return ValueMissing(
        f"{subject.named}: nobody has stored a value in secret {subject.secret} yet",
        f"keyplan put {subject.key}",
    )


def revoked(subject: AnySubject, at: str | None) -> ValueRevoked:
    """The error for a key whose value was shut. Args: at: when, as `20261121T181500Z`, or None."""
    date = f" on {at[:4]}-{at[4:6]}-{at[6:8]}" if at else ""
    return ValueRevoked(
        f"{subject.named}: the value was revoked{date}, and nobody has stored another one yet",
        f"keyplan rotate {subject.key}",
    )


def no_previous(subject: AnySubject) -> ValueMissing:
    """The error for a secret that has no version to go back to."""
    return ValueMissing(
        f"{subject.named}: secret {subject.secret} has no previous version to go back to",
        f"keyplan history {subject.key}",
    )


def previous_revoked(subject: AnySubject, version_id: str) -> ValueRevoked:
    """The error for going back to what leaked."""
    return ValueRevoked(
        f"{subject.named}: version {version_id} of secret {subject.secret}, the previous one, was revoked: "
        "nobody goes back to it",
        f"keyplan rotate {subject.key}",
    )


def waiting_revoked(subject: AnySubject, version_id: str) -> ValueRevoked:
    """The error for promoting what leaked while it waited."""
    return ValueRevoked(
        f"{subject.named}: version {version_id} of secret {subject.secret}, which a rotation stored, was "
        "revoked before anybody got it",
        f"keyplan rotate {subject.key} --abandon",
    )


def not_retirable(subject: AnySubject, version_id: str) -> UsageError:
    """The error for retiring what readers get."""
    return UsageError(
        f"{subject.named}: readers get version {version_id} of secret {subject.secret}: it cannot be retired",
        f"keyplan rotate {subject.key}",
    )


def not_deleted(subject: AnySubject) -> UsageError:
    """The error for restoring what is there."""
    return UsageError(f"{subject.named}: secret {subject.secret} is not deleted; there is nothing to restore")


def no_secret(subject: AnySubject) -> SecretMissing:
    """The error for a secret that is not there."""
    return SecretMissing(
        f"{subject.named}: there is no secret {subject.secret} ({subject.place})",
        sandbox_hint(subject) or "run `pulumi up`, and use the manifest that it exports",
    )


def sandbox_hint(subject: AnySubject) -> str | None:
    """What to do about a sandbox that is not as it was; None at a cloud."""
    return "start the sandbox: make sandbox" if subject.place.is_sandbox else None
