"""Why a call gave no answer, in words of our own. AWS's and the SDK's texts are never shown.

Source of the codes: botocore's models of IAM, KMS, Organizations, Secrets Manager and STS, and the "Common
Errors" of their API References (checked 2026-11-22).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyplan.stores.aws_sdk_errors import NO_ANSWER, WORDS


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818  # named for what it is, as the errors of keyplan.errors are
    """A call without an answer.

    `transient`: the same call may be answered a moment later. `ends_all`: no other call of this account will
    be answered either, as with credentials that have expired. `hint`: what to do, where that is known.
    """

    reason: str
    code: str = ""
    transient: bool = False
    ends_all: bool = False
    hint: str | None = None


DENIED = "not allowed"
THROTTLED = "AWS limits the rate of these calls, and went on doing so after several attempts"
TROUBLE = "AWS had an internal failure, and again after several attempts"
EXPIRED = "the credentials have expired"
UNKNOWN_CREDENTIALS = "AWS does not know these credentials here; is the region enabled in the account?"
_BY_REASON = {
    DENIED: "AccessDenied AccessDeniedException UnauthorizedOperation UnauthorizedException NotAuthorized "
    "AccessDeniedForDependencyException AuthorizationError",
    THROTTLED: "Throttling ThrottlingException ThrottledException TooManyRequestsException RequestThrottled "
    "RequestThrottledException RequestLimitExceeded SlowDown PriorRequestNotComplete "
    "BandwidthLimitExceeded ProvisionedThroughputExceededException TransactionInProgressException",
    TROUBLE: "InternalServiceError InternalServiceErrorException InternalFailure InternalError "
    "InternalServerError InternalServerException ServiceFailure ServiceException ServiceUnavailable "
    "ServiceUnavailableException KMSInternalException DependencyTimeoutException RequestTimeout "
    "RequestTimeoutException ConcurrentModificationException 500 502 503 504",
    EXPIRED: "ExpiredToken ExpiredTokenException RequestExpired",
    UNKNOWN_CREDENTIALS: "UnrecognizedClientException InvalidClientTokenId InvalidAccessKeyId InvalidToken "
    "AuthFailure",
    "AWS does not accept the signature: the secret access key is wrong, or this machine's clock is": (
        "SignatureDoesNotMatch InvalidSignatureException RequestTimeTooSkewed RequestInTheFuture "
        "IncompleteSignature IncompleteSignatureException"
    ),
    "the account may not use this region or service": (
        "OptInRequired SubscriptionRequiredException RegionDisabledException"
    ),
    "there is no such thing any more": "NoSuchEntity NoSuchEntityException NotFoundException "
    "ResourceNotFoundException PolicyNotFoundException TargetNotFoundException ChildNotFoundException",
    "it is being deleted": "InvalidRequestException KMSInvalidStateException",
    "the account is in no organization": "AWSOrganizationsNotInUseException",
    "the organization has no policies of this type": "PolicyTypeNotEnabledException "
    "UnsupportedAPIEndpointException",
    "AWS did not understand the call": "ValidationError ValidationException InvalidParameterException "
    "InvalidInputException InvalidInput InvalidMarkerException InvalidNextTokenException InvalidArnException "
    "InvalidAction UnknownOperationException SerializationException",
}
REASONS = {code: reason for reason, codes in _BY_REASON.items() for code in codes.split()}
_SDK = ("boto3", "botocore")
TRANSIENT = (THROTTLED, TROUBLE)


def of_code(code: str) -> Refusal:
    """What AWS's error code means."""
    reason = REASONS.get(code)
    if reason is None:
        shown = code if re.fullmatch(r"[A-Za-z0-9.]{1,64}", code) else "an unreadable answer"
        return Refusal(f"AWS answered with {shown}, which keyplan does not know", code)
    return Refusal(reason, code, reason in TRANSIENT, reason == EXPIRED)


def of_error(error: Exception) -> Refusal:
    """What an exception of boto3 or botocore means. Any other is raised again: it is a fault of keyplan's."""
    if not any(kind.__module__.partition(".")[0] in _SDK for kind in type(error).__mro__):
        raise error
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return of_code(str(response.get("Error", {}).get("Code", "")))
    for kind in type(error).__mro__:
        if kind.__name__ in NO_ANSWER:
            return Refusal(f"no answer: {NO_ANSWER[kind.__name__]}", kind.__name__, transient=True)
        if kind.__name__ in WORDS:
            # All but the one that is the class of all others: no credentials, and no call goes without.
            words, hint = WORDS[kind.__name__]
            return Refusal(words, kind.__name__, ends_all=kind.__name__ != "BotoCoreError", hint=hint)
    return Refusal(WORDS["BotoCoreError"][0], type(error).__name__)
