"""What boto3 and botocore raise, in words of our own: one place, so that no SDK text reaches a person or a
log.

botocore's texts may repeat parameters, and a parameter may be a value: only its error codes and classes are
used.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from keyplan.errors import KeyplanError, StoreError
from keyplan.stores.aws_errors import error_for, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyplan.stores.aws_errors import Subject

_LOG_IN = "set AWS_PROFILE to a profile that works (`aws configure list-profiles`), or `aws sso login`"
# Class name in botocore.exceptions -> (words, hint). Classes not listed take their parent's, and in the end
# BotoCoreError's. By name, so that botocore is imported only when one was raised.
WORDS = {
    "NoCredentialsError": ("there are no AWS credentials: no variable, profile or role gives any", _LOG_IN),
    "PartialCredentialsError": (
        "the AWS credentials are incomplete: an access key needs its secret access key",
        "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither; a profile with role_arn needs a "
        "source_profile",
    ),
    "CredentialRetrievalError": (
        "the AWS credentials could not be fetched from where they are kept",
        _LOG_IN,
    ),
    "RefreshWithMFAUnsupportedError": ("the AWS credentials have expired, and need a new MFA code", _LOG_IN),
    "LoginError": ("the AWS login has expired or is missing", "aws login"),
    "SSOError": ("the AWS single sign-on session has expired or is missing", "aws sso login"),
    "TokenRetrievalError": ("the AWS single sign-on session has expired or is missing", "aws sso login"),
    "ProfileNotFound": (
        "the AWS profile that AWS_PROFILE names does not exist",
        "aws configure list-profiles",
    ),
    "InfiniteLoopConfigError": (
        "the AWS profile refers to itself through source_profile",
        "see ~/.aws/config",
    ),
    "ConfigParseError": ("the AWS configuration file cannot be read: it is malformed", "see ~/.aws/config"),
    "ConfigNotFound": ("the AWS configuration file is not there", "see AWS_CONFIG_FILE"),
    "InvalidConfigError": ("the AWS configuration file has a setting that is wrong", "see ~/.aws/config"),
    "MissingDependencyException": (
        "these AWS credentials need botocore's crt extra",
        "pip install 'botocore[crt]'",
    ),
    "MetadataRetrievalError": ("the container's or instance's AWS credentials could not be fetched", _LOG_IN),
    "BotoCoreError": (
        "the AWS SDK refused the request as the AWS settings here have it",
        "`aws sts get-caller-identity` shows whether the AWS settings work at all",
    ),
}
NO_ANSWER = {
    "EndpointConnectionError": "the connection could not be made",
    "ConnectTimeoutError": "it took too long to connect",
    "ReadTimeoutError": "it took too long",
    "ConnectionClosedError": "the connection was cut",
    "ResponseStreamingError": "the connection was cut",
    "IncompleteReadError": "the connection was cut",
    "ConnectionError": "the connection failed",
    "HTTPClientError": "the connection failed",
    "SSLError": "its certificate is not trusted; a proxy that inspects traffic needs AWS_CA_BUNDLE",
    "ProxyConnectionError": "the proxy of HTTPS_PROXY does not answer",
    "InvalidProxiesConfigError": "the proxy settings are wrong",
    "EndpointProviderError": "there is no such endpoint in this region",
}


@contextmanager
def in_our_words(subject: Subject) -> Iterator[None]:
    """Turn everything that the SDK raises inside into errors of `keyplan.errors`, without its text or its
    trace.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        found = error.response.get("Error", {})
        raise error_for(str(found.get("Code", "")), str(found.get("Message", "")), subject) from None
    except (BotoCoreError, Boto3Error, HTTPClientError) as error:
        raise sdk_error(error, subject) from None


def sdk_error(error: Exception, subject: Subject) -> KeyplanError:
    """The error for a failure on this side of AWS: credentials, configuration or connection."""
    for kind in type(error).__mro__:
        if kind.__name__ in NO_ANSWER:
            return unreachable(subject, NO_ANSWER[kind.__name__])
        if kind.__name__ in WORDS:
            words, hint = WORDS[kind.__name__]
            return StoreError(f"{subject.named}: {words}", hint)
    words, hint = WORDS["BotoCoreError"]
    return StoreError(f"{subject.named}: {words}", hint)


def no_credentials(subject: Subject) -> StoreError:
    """The error for a chain that found nothing."""
    words, hint = WORDS["NoCredentialsError"]
    return StoreError(f"{subject.named}: {words}", hint)


class SdkRoad:
    """Operations of one client by name, with failures in our words. boto3's clients may be shared by
    threads.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def call(self, operation: str, parameters: dict[str, Any], subject: Subject) -> dict[str, Any]:
        """Send one operation, `GetSecretValue`, and return its answer."""
        from botocore import xform_name

        with in_our_words(subject):
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**parameters)
        return answer
