"""AWS's error codes in words of our own: one table for the SDK and for the signed requests.

AWS puts some of what a person has to know into the message only (a KMS denial comes as AccessDeniedException
with the text `Access to KMS is not allowed`), so the message is searched for a few words. It is never shown:
it can repeat parameters of the request.
Source of the codes: botocore's Secrets Manager model and the API Reference's "Common Errors"; of the KMS
wording: public reports of that error (checked 2026-11-21).
"""

from __future__ import annotations

import re
import time

from keyplan.errors import (
    AccessDenied,
    ChangedMeanwhile,
    DecryptDenied,
    KeyplanError,
    PendingDeletion,
    StoreError,
    Unreachable,
)
from keyplan.stores.error_words import host_of, named, no_secret, no_value, sandbox_hint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from keyplan.endpoints import Endpoint

MOVE = "secretsmanager:UpdateSecretVersionStage"


class Place:
    """Where an environment's secrets are, for the words of an error."""

    __slots__ = ("account_id", "endpoint_url", "environment", "host", "is_sandbox", "kms_key_arn", "region")

    def __init__(
        self, environment: str, account_id: str, region: str, kms_key_arn: str, endpoint: Endpoint | None
    ) -> None:
        self.environment = environment
        self.account_id = account_id
        self.region = region
        self.kms_key_arn = kms_key_arn
        self.endpoint_url = endpoint.url if endpoint else None  # None: AWS's own host of the region
        self.is_sandbox = endpoint is not None and endpoint.is_sandbox
        self.host = host_of(endpoint, f"AWS in {region}")

    def __str__(self) -> str:
        return f"account {self.account_id}, region {self.region}"

    @property
    def title(self) -> str:
        """The place in a heading."""
        return f"account {self.account_id}, {self.host}"


class Subject:
    """What a call was about: one key's secret, or the environment as a whole.

    Args:
        place: where.
        action: what was tried, as in `secretsmanager:GetSecretValue`.
        key: the key's name in the catalogue.
        secret: the name of its secret.
    """

    __slots__ = ("action", "key", "place", "secret")

    def __init__(self, place: Place, action: str, key: str | None = None, secret: str | None = None) -> None:
        self.place = place
        self.action = action
        self.key = key
        self.secret = secret

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.place.environment

    @property
    def kms_key_arn(self) -> str:
        """The KMS key of the environment."""
        return self.place.kms_key_arn

    @property
    def named(self) -> str:
        """`key anthropic of environment prod`."""
        return named(self.key, self.environment)


def _access_denied(subject: Subject, message: str) -> StoreError:
    # `Access to KMS is not allowed`, or a denial of a kms: action. The word alone proves nothing: a role or a
    # secret can have it in its name.
    if re.search(r"access to kms\b|perform: kms:", message, re.IGNORECASE):
        return _decrypt_denied(subject, message)
    on_secret = f" on secret {subject.secret}" if subject.secret else ""
    return AccessDenied(
        f"{subject.named}: your AWS identity may not do {subject.action}{on_secret} ({subject.place})",
        "`aws sts get-caller-identity` shows who you are; the catalogue says who may",
    )


def _decrypt_denied(subject: Subject, _message: str) -> StoreError:
    reads = subject.action.endswith("GetSecretValue")
    action = "kms:Decrypt" if reads else "kms:GenerateDataKey and kms:Decrypt"
    return DecryptDenied(
        f"{subject.named}: the secret is open to you, but the KMS key behind it is not: "
        f"your AWS identity may not do {action} on {subject.kms_key_arn}",
        "use one of the catalogue's identities, or have the KMS permission added to yours",
    )


def _kms_unusable(subject: Subject, _message: str) -> StoreError:
    return DecryptDenied(
        f"{subject.named}: the KMS key {subject.kms_key_arn} cannot be used: "
        "it is disabled, deleted or not there",
        f"aws kms describe-key --key-id {subject.kms_key_arn}",
    )


def _not_found(subject: Subject, message: str) -> KeyplanError:
    if re.search(r"secret value|staging label|versionid", message, re.IGNORECASE):
        return changed(subject) if subject.action == MOVE else no_value(subject)
    return no_secret(subject)


def _invalid_request(subject: Subject, message: str) -> StoreError:
    if re.search(r"deletion|deleted", message, re.IGNORECASE):
        return pending_deletion(subject, None)
    return StoreError(
        f"{subject.named}: Secrets Manager refuses {subject.action} in the secret's present state"
    )


def _throttled(subject: Subject, _message: str) -> StoreError:
    return StoreError(
        f"{subject.named}: AWS limits the rate of these calls, and went on doing so after several attempts",
        "wait a minute, then run the command again",
    )


def _over_quota(subject: Subject, _message: str) -> StoreError:
    return StoreError(
        f"{subject.named}: secret {subject.secret} has as many versions or labels as AWS allows; nothing "
        "was stored",
        "put less often: AWS asks for at most one version in 10 minutes, and removes old ones after a day",
    )


def _expired(subject: Subject, _message: str) -> StoreError:
    return StoreError(
        f"{subject.named}: your AWS credentials have expired",
        "log in again, for instance with `aws sso login`",
    )


def _unknown_credentials(subject: Subject, _message: str) -> StoreError:
    return StoreError(
        f"{subject.named}: AWS does not know these credentials: the access key is wrong, deactivated or "
        "deleted",
        "aws sts get-caller-identity",
    )


def _bad_signature(subject: Subject, message: str) -> StoreError:
    # AWS says "Signature expired: … is now earlier than …" or "Signature not yet current: …".
    if re.search(r"expired|not yet current|skew|earlier|later", message, re.IGNORECASE):
        return _clock(subject, message)
    return StoreError(
        f"{subject.named}: AWS does not accept the signature: the secret access key does not belong to the "
        "access key",
        "set both again: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile's",
    )


def _clock(subject: Subject, _message: str) -> StoreError:
    return StoreError(
        f"{subject.named}: AWS refuses the request's time: this machine's clock is more than 5 minutes off",
        "set the clock (timedatectl, or your system's time settings), then run the command again",
    )


def _malformed(subject: Subject, _message: str) -> KeyplanError:
    if subject.action == MOVE:
        # AWS refuses to move a label from a version that does not have it, or to one that is gone. Ids and
        # labels are made by keyplan and AWS themselves, so there is no other reason.
        return changed(subject)
    return StoreError(
        f"{subject.named}: AWS does not understand {subject.action} as keyplan sent it",
        "check that the manifest's region and endpoints are right; if they are, report it as a fault of "
        "keyplan",
    )


def _changed(subject: Subject, _message: str) -> KeyplanError:
    return changed(subject)


def _trouble(subject: Subject, _message: str) -> StoreError:
    return StoreError(
        f"{subject.named}: Secrets Manager had an internal failure, and again after several attempts",
        "wait a minute, then run the command again; https://health.aws.amazon.com shows known trouble",
    )


def _not_enabled(subject: Subject, _message: str) -> StoreError:
    return StoreError(
        f"{subject.named}: the account may not use this region or Secrets Manager ({subject.place})",
        "enable the region in the account, or correct the environment's region",
    )


_BY_WORDS: dict[Callable[[Subject, str], KeyplanError], str] = {
    _access_denied: "AccessDeniedException AccessDenied UnauthorizedOperation UnauthorizedException "
    "NotAuthorized",
    _decrypt_denied: "KMSAccessDeniedException KmsAccessDeniedException",
    _kms_unusable: "DecryptionFailure EncryptionFailure KMSDisabledException KMSInvalidStateException "
    "KMSInvalidKeyUsageException KMSNotFoundException KMSOptInRequired DisabledException NotFoundException",
    _not_found: "ResourceNotFoundException",
    _invalid_request: "InvalidRequestException PreconditionNotMetException",
    _throttled: "ThrottlingException Throttling ThrottledException TooManyRequestsException RequestThrottled "
    "RequestThrottledException RequestLimitExceeded BandwidthLimitExceeded SlowDown PriorRequestNotComplete "
    "ProvisionedThroughputExceededException EC2ThrottledException TransactionInProgressException "
    "KMSThrottlingException",
    _over_quota: "LimitExceededException",
    _expired: "ExpiredTokenException ExpiredToken",
    _unknown_credentials: "UnrecognizedClientException InvalidClientTokenId InvalidAccessKeyId "
    "MissingAuthenticationToken MissingAuthenticationTokenException IncompleteSignature "
    "IncompleteSignatureException InvalidToken",
    _bad_signature: "InvalidSignatureException SignatureDoesNotMatch AuthFailure",
    _clock: "RequestTimeTooSkewed RequestExpired RequestInTheFuture",
    _malformed: "InvalidParameterException ValidationException ValidationError InvalidParameterValue "
    "InvalidParameterCombination MissingParameter MalformedQueryString InvalidAction InvalidQueryParameter "
    "MissingAction SerializationException UnknownOperationException InvalidNextTokenException "
    "MalformedPolicyDocumentException PublicPolicyException MalformedHttpRequestException",
    _changed: "ResourceExistsException ConflictException",
    _trouble: "InternalServiceError InternalFailure InternalError InternalServerError ServiceUnavailable "
    "ServiceUnavailableException InternalServerException 500 502 503 504",
    _not_enabled: "OptInRequired SubscriptionRequiredException RegionDisabledException",
}
BY_CODE = {code: words for words, codes in _BY_WORDS.items() for code in codes.split()}
# Worth another attempt: the same request can succeed a moment later.
TRANSIENT = frozenset(code for code, words in BY_CODE.items() if words in (_throttled, _trouble)) | {
    "RequestTimeout",
    "RequestTimeoutException",
}


def error_for(code: str, message: str, subject: Subject) -> KeyplanError:
    """The error for what AWS answered.

    Args:
        code: AWS's error code, `AccessDeniedException`, or the HTTP status where the answer has none.
        message: AWS's text; searched for a few words, never shown.
        subject: what the call was about.
    """
    words = BY_CODE.get(code)
    if words is not None:
        return words(subject, message)
    shown = code if re.fullmatch(r"[A-Za-z0-9.]{1,64}", code) else "an unreadable answer"
    return StoreError(
        f"{subject.named}: {subject.place.host} answered {subject.action} with {shown}, which keyplan does "
        "not know",
        "keyplan status",
    )


def changed(subject: Subject) -> ChangedMeanwhile:
    """The error for versions or labels that are not where they were seen."""
    return ChangedMeanwhile(
        f"{subject.named}: somebody changed the versions of secret {subject.secret} at the same time",
        "look with `keyplan status`, then run the command again",
    )


def pending_deletion(subject: Subject, deleted_epoch_seconds: float | None) -> PendingDeletion:
    """The error for a deleted secret.

    Args:
        subject: which secret.
        deleted_epoch_seconds: DescribeSecret's DeletedDate; None where it is not known.
    """
    until = restorable_until(deleted_epoch_seconds)
    return PendingDeletion(
        f"{subject.named}: secret {subject.secret} is deleted, and can be restored {until}",
        f"keyplan restore {subject.key}",
    )


def restorable_until(deleted_epoch_seconds: float | None) -> str:
    """How long a deleted secret can be restored, in words that begin with `until` or `for`.

    Args:
        deleted_epoch_seconds: DescribeSecret's DeletedDate; None where it is not known. Its documentation
            calls it the date the deletion is scheduled for, ListSecrets's the date it was asked for: a date
            in the past is told as the latter.
    """
    if deleted_epoch_seconds is None:
        return "until its recovery window ends"
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(deleted_epoch_seconds))
    if deleted_epoch_seconds > time.time():
        return f"until {date}"
    return f"for the rest of its recovery window (deleted {date})"


def unreachable(subject: Subject, what: str) -> Unreachable:
    """The endpoint gave no answer; `what` says how, as in `the connection was refused`."""
    hint = sandbox_hint(subject) or "check the network, the VPN and the proxy"
    if subject.action.endswith("PutSecretValue"):
        hint = "whether the value was stored is not known: look with `keyplan status` before trying again"
    elif subject.action == MOVE:
        hint = "whether readers get another version now is not known: look with `keyplan status`"
    return Unreachable(f"{subject.named}: no answer from {subject.place.host}: {what}", hint)
