"""Google Cloud's errors in words of our own.

Google's front ends say why they refuse in `details` (a google.rpc.ErrorInfo with a reason), the services in
the status and, for some states, only in the message: it is searched for a few words and never shown, because
it can repeat what was sent. To somebody who may not look at a secret, one that does not exist is refused in
the same words as one that does: the error here says so instead of choosing.
Source: google.rpc.Code and google.rpc.ErrorInfo (googleapis), the ErrorReason enum of google/api, Secret
Manager's REST reference (checked 2026-11-21).
"""

from __future__ import annotations

import re

from keyplan.errors import (
    AccessDenied,
    ChangedMeanwhile,
    DecryptDenied,
    Findings,
    KeyplanError,
    StoreError,
    Unreachable,
    ValueMissing,
)
from keyplan.stores.error_words import host_of, named, no_secret, no_value, sandbox_hint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from keyplan.endpoints import Endpoint

SERVICE = "secretmanager"
LOG_IN = "gcloud auth application-default login"


class NotEnabled(ValueMissing):
    """There is a version, and it is disabled or destroyed."""


class Place:
    """Where an environment's secrets are, for the words of an error."""

    __slots__ = ("endpoint_url", "environment", "host", "is_sandbox", "project_id")

    def __init__(self, environment: str, project_id: str, endpoint: Endpoint | None) -> None:
        self.environment = environment
        self.project_id = project_id
        self.endpoint_url = endpoint.url if endpoint else None  # None: Google's own host
        self.is_sandbox = endpoint is not None and endpoint.is_sandbox
        self.host = host_of(endpoint, "Google Cloud")

    def __str__(self) -> str:
        return f"project {self.project_id}"

    @property
    def title(self) -> str:
        """The place in a heading."""
        return f"project {self.project_id}, {self.host}"


class Subject:
    """What a call was about: one key's secret, or the environment as a whole.

    Args:
        place: where.
        permission: what was tried, as IAM names it: `secretmanager.versions.access`.
        key: the key's name in the catalogue.
        secret: the id of its secret.
    """

    __slots__ = ("key", "permission", "place", "secret")

    def __init__(
        self, place: Place, permission: str, key: str | None = None, secret: str | None = None
    ) -> None:
        self.place = place
        self.permission = permission
        self.key = key
        self.secret = secret

    @property
    def named(self) -> str:
        """`key anthropic of environment prod`."""
        return named(self.key, self.place.environment)

    @property
    def project_option(self) -> str:
        """For a command of gcloud."""
        return f"--project {self.place.project_id}"


class Failure:
    """An answer that is an error: what it says in fields, and a message that is never shown.

    Args:
        http_status: of the answer.
        body: the answer's JSON, or None where it is none.
    """

    __slots__ = ("http_status", "message", "reason", "service", "status")

    def __init__(self, http_status: int, body: object) -> None:
        error: Any = body.get("error") if isinstance(body, dict) else None
        error = error if isinstance(error, dict) else {}
        details = error.get("details")
        infos = [
            detail
            for detail in (details if isinstance(details, list) else [])
            if isinstance(detail, dict) and isinstance(detail.get("reason"), str)
        ]
        metadata = infos[0].get("metadata") if infos else None
        self.http_status = http_status
        self.status = str(error.get("status") or _STATUS.get(http_status, http_status))
        self.reason = str(infos[0]["reason"]) if infos else ""
        self.service = str(metadata.get("service") or "") if isinstance(metadata, dict) else ""
        self.message = str(error.get("message") or "")


# google.rpc.Code by HTTP status, for an answer without a body of Google's. Source: google/rpc/code.proto.
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _not_enabled(subject: Subject, failure: Failure) -> KeyplanError:
    service = failure.service if re.fullmatch(r"[a-z0-9.-]{1,80}", failure.service) else ""
    service = service or f"{SERVICE}.googleapis.com"
    name = "the Secret Manager API" if service == f"{SERVICE}.googleapis.com" else f"the API {service}"
    return StoreError(
        f"{subject.named}: {name} is not enabled in {subject.place}",
        f"gcloud services enable {service} {subject.project_option}; it takes a minute or two",
    )


def _project_unknown(subject: Subject, _failure: Failure) -> KeyplanError:
    return StoreError(
        f"{subject.named}: there is no {subject.place}, or your Google Cloud identity may not use it",
        f"gcloud projects describe {subject.place.project_id}; the stack's gcp:project names it",
    )


def _no_billing(subject: Subject, _failure: Failure) -> KeyplanError:
    return StoreError(
        f"{subject.named}: {subject.place} has no active billing account",
        f"gcloud billing projects describe {subject.place.project_id}",
    )


def _perimeter(subject: Subject, _failure: Failure) -> KeyplanError:
    return AccessDenied(
        f"{subject.named}: a VPC Service Controls perimeter or an organization policy keeps this request "
        f"from {subject.place}",
        "run it inside the perimeter, or ask whoever administers it for an ingress rule",
    )


def _scopes(subject: Subject, _failure: Failure) -> KeyplanError:
    return AccessDenied(
        f"{subject.named}: the access token has no scope for Secret Manager, whatever your identity may do",
        "the scope is https://www.googleapis.com/auth/cloud-platform: `gcloud compute instances "
        f"set-service-account --scopes cloud-platform`, or `{LOG_IN}`",
    )


def _unauthenticated(subject: Subject, _failure: Failure) -> KeyplanError:
    return expired(subject)


def _denied(subject: Subject, failure: Failure) -> KeyplanError:
    if _is_about_kms(failure):
        return _kms(subject, failure)
    on_secret = f" on secret {subject.secret}, or there is no such secret" if subject.secret else ""
    return AccessDenied(
        f"{subject.named}: your Google Cloud identity may not do {subject.permission}{on_secret} "
        f"({subject.place})",
        "`gcloud auth list` shows who you are; the catalogue says who may",
    )


def _kms(subject: Subject, _failure: Failure) -> KeyplanError:
    return DecryptDenied(
        f"{subject.named}: the KMS key behind secret {subject.secret} cannot be used: it is disabled or "
        "destroyed, or Secret Manager's service agent may not use it",
        f"gcloud secrets describe {subject.secret} {subject.project_option}; the agent needs "
        "roles/cloudkms.cryptoKeyEncrypterDecrypter on the key",
    )


def _not_found(subject: Subject, failure: Failure) -> KeyplanError:
    if re.search(r"secret version \[", failure.message, re.IGNORECASE):
        return no_value(subject)
    return no_secret(subject)


def _precondition(subject: Subject, failure: Failure) -> KeyplanError:
    if _is_about_kms(failure):
        return _kms(subject, failure)
    if re.search(r"etag", failure.message, re.IGNORECASE):
        return changed(subject)
    state = re.search(r"\b(DISABLED|DESTROYED)\b", failure.message)
    if state:
        return not_enabled_version(subject, state[1].lower())
    return StoreError(
        f"{subject.named}: Secret Manager refuses {subject.permission} in the secret's present state"
    )


def _aborted(subject: Subject, _failure: Failure) -> KeyplanError:
    return changed(subject)


def _invalid(subject: Subject, failure: Failure) -> KeyplanError:
    if re.search(r"checksum|crc32c", failure.message, re.IGNORECASE):
        return StoreError(
            f"{subject.named}: Secret Manager got another value than was sent: the checksum differs; "
            "it stored nothing",
            "run the command again; if it happens again, something on the way changes what is sent",
        )
    return StoreError(
        f"{subject.named}: Google Cloud does not understand {subject.permission} as keyplan sent it",
        "check that the manifest's project and endpoints are right; if they are, report it as a fault of "
        "keyplan",
    )


def _quota(subject: Subject, _failure: Failure) -> KeyplanError:
    return StoreError(
        f"{subject.named}: {subject.place} has used up its quota of Secret Manager requests for this minute "
        "(600 that look and 600 that write, 90,000 that read values), also after several attempts",
        "wait a minute, then run the command again",
    )


def _trouble(subject: Subject, _failure: Failure) -> KeyplanError:
    return StoreError(
        f"{subject.named}: Secret Manager had an internal failure, and again after several attempts",
        "wait a minute, then run the command again; https://status.cloud.google.com shows known trouble",
    )


def _unimplemented(subject: Subject, _failure: Failure) -> KeyplanError:
    return StoreError(
        f"{subject.named}: {subject.place.host} does not know {subject.permission}: it is not Secret Manager",
        "check the manifest's endpoints",
    )


_BY_REASON: dict[str, Callable[[Subject, Failure], KeyplanError]] = {
    "SERVICE_DISABLED": _not_enabled,
    "CONSUMER_INVALID": _project_unknown,
    "CONSUMER_SUSPENDED": _project_unknown,
    "PROJECT_DELETED": _project_unknown,
    "RESOURCE_PROJECT_INVALID": _project_unknown,
    "USER_PROJECT_DENIED": _project_unknown,
    "BILLING_DISABLED": _no_billing,
    "SECURITY_POLICY_VIOLATED": _perimeter,
    "ORG_RESTRICTION_VIOLATION": _perimeter,
    "LOCATION_ORG_POLICY_VIOLATED": _perimeter,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _scopes,
    "ACCESS_TOKEN_EXPIRED": _unauthenticated,
    "ACCESS_TOKEN_TYPE_UNSUPPORTED": _unauthenticated,
    "ACCOUNT_STATE_INVALID": _unauthenticated,
    "CREDENTIALS_MISSING": _unauthenticated,
    "RATE_LIMIT_EXCEEDED": _quota,
    "RESOURCE_QUOTA_EXCEEDED": _quota,
    "IAM_PERMISSION_DENIED": _denied,
}
_BY_STATUS: dict[str, Callable[[Subject, Failure], KeyplanError]] = {
    "UNAUTHENTICATED": _unauthenticated,
    "PERMISSION_DENIED": _denied,
    "NOT_FOUND": _not_found,
    "FAILED_PRECONDITION": _precondition,
    "ABORTED": _aborted,
    "ALREADY_EXISTS": _aborted,
    "INVALID_ARGUMENT": _invalid,
    "OUT_OF_RANGE": _invalid,
    "RESOURCE_EXHAUSTED": _quota,
    "INTERNAL": _trouble,
    "UNKNOWN": _trouble,
    "UNAVAILABLE": _trouble,
    "DEADLINE_EXCEEDED": _trouble,
    "CANCELLED": _trouble,
    "DATA_LOSS": _trouble,
    "UNIMPLEMENTED": _unimplemented,
}
# Worth another attempt. The first never did anything; the others may have.
NOT_DONE = frozenset({"RESOURCE_EXHAUSTED", "UNAVAILABLE"})
TRANSIENT = NOT_DONE | {"INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED"}


def error_for(failure: Failure, subject: Subject) -> KeyplanError:
    """The error for what Google Cloud answered."""
    words = _BY_REASON.get(failure.reason) or _BY_STATUS.get(failure.status)
    if words is not None:
        return words(subject, failure)
    shown = failure.status if re.fullmatch(r"[A-Z0-9_]{1,40}", failure.status) else "an unreadable answer"
    return StoreError(
        f"{subject.named}: {subject.place.host} answered {subject.permission} with {shown}, which keyplan "
        "does not know",
        "keyplan status",
    )


def changed(subject: Subject) -> ChangedMeanwhile:
    """The error for a secret that is not as it was when it was looked at."""
    return ChangedMeanwhile(
        f"{subject.named}: somebody changed secret {subject.secret} at the same time",
        "look with `keyplan status`, then run the command again",
    )


def not_enabled_version(subject: Subject, state: str, version: str | None = None) -> NotEnabled:
    """The error for a version that readers are sent to and do not get.

    Args:
        subject: which secret.
        state: `disabled` or `destroyed`.
        version: its number, where it is known. Then it is also known that nobody revoked it.
    """
    if version is None:
        which, hint = (
            f"the version of {subject.secret}",
            f"`keyplan status` says why; keyplan put {subject.key}",
        )
    else:
        which, hint = f"version {version} of secret {subject.secret}", f"keyplan put {subject.key}"
        if state == "disabled":
            hint += f", or {_enable(subject, version)}"
    return NotEnabled(
        f"{subject.named}: {which} that readers are sent to is {state}: they get no value", hint
    )


def not_enabled_pending(subject: Subject, version: str) -> NotEnabled:
    """The error for a version that was to be promoted and that nobody could read."""
    return NotEnabled(
        f"{subject.named}: version {version} of secret {subject.secret}, which a rotation stored, is "
        "disabled or destroyed: it cannot be promoted",
        f"keyplan rotate {subject.key} --abandon, or {_enable(subject, version)}",
    )


def served_to_nobody(subject: Subject, version: str) -> Findings:
    """What to say of a version that is newer than what readers get, and of which nothing is known."""
    return Findings(
        f"{subject.named}: version {version} of secret {subject.secret} is served to nobody: the command "
        "that stored it was stopped, or it was stored by other means than keyplan",
        f"gcloud secrets versions disable {version} --secret {subject.secret} {subject.project_option}, once "
        "nobody needs it",
    )


def _enable(subject: Subject, version: str) -> str:
    return f"gcloud secrets versions enable {version} --secret {subject.secret} {subject.project_option}"


def expired(subject: Subject) -> StoreError:
    """The error for credentials that Google Cloud does not take."""
    return StoreError(
        f"{subject.named}: your Google Cloud credentials have expired, or were revoked",
        f"{LOG_IN}; a token from a variable has to be made anew",
    )


def damaged(subject: Subject) -> StoreError:
    """The error for a value whose checksum is not the one that came with it."""
    return StoreError(
        f"{subject.named}: the value of secret {subject.secret} arrived damaged, twice: its "
        "checksum (CRC32C) is not the one that Secret Manager keeps",
        "run the command again; if it happens again, something on the way changes what is sent",
    )


def unreachable(subject: Subject, what: str) -> Unreachable:
    """The endpoint gave no answer; `what` says how, as in `the connection was refused`."""
    hint = sandbox_hint(subject) or "check the network, the VPN and the proxy"
    return Unreachable(f"{subject.named}: no answer from {subject.place.host}: {what}", hint)


def _is_about_kms(failure: Failure) -> bool:
    # `Permission 'cloudkms.…' denied on resource 'projects/…/cryptoKeys/…'`, `… is not enabled, current state
    # is: DISABLED`. A secret can have `kms` in its name, hence the longer words.
    return re.search(r"cloudkms\.|/cryptoKeys/|\bKMS key\b", failure.message) is not None
