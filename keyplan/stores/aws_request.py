"""One signed request to Secrets Manager, with the standard library only: the short road of `keyplan exec`.

boto3 loads service models for two tenths of a second before its first call; a program that is started through
`keyplan exec` waits for that every time. Owns the transport: connection, retries, time limits, and telling an
answer from a failure. Who signs is `aws_credentials`, what failures mean is `aws_errors`.
"""

from __future__ import annotations

import http.client
import json
import time

from keyplan.stores.aws_errors import TRANSIENT, error_for, unreachable
from keyplan.stores.aws_signature import authorization

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from keyplan.endpoints import Endpoint
    from keyplan.errors import KeyplanError
    from keyplan.stores.aws_errors import Subject
    from keyplan.stores.aws_signature import Credentials

ATTEMPTS = 5
HTTP_OK = 200
BACKOFF_STEP_SECONDS = 0.1
BACKOFF_MAX_SECONDS = 3.0
# A secret's value has at most 64 KiB; escaped as JSON inside JSON it can take six times that.
ANSWER_LIMIT_BYTES = 1_048_576


class CertificateRefused(Exception):  # noqa: N818  # a state that the caller acts on, not a report
    """The endpoint's certificate is not trusted by this Python's certificates (botocore brings its own)."""


class Connection:
    """A connection to one endpoint, opened when first used and kept for the requests after it.

    Args:
        endpoint: where to.
        region: the region to sign for.
        credentials: who signs.
        deadline: time.monotonic() at which every attempt ends.
        report: takes one line for --verbose.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        region: str,
        credentials: Credentials,
        deadline: float,
        report: Callable[[str], None],
    ) -> None:
        self._endpoint = endpoint
        self._region = region
        self._credentials = credentials
        self._deadline = deadline
        self._report = report
        self._http: http.client.HTTPConnection | None = None

    def call(self, operation: str, parameters: dict[str, Any], subject: Subject) -> dict[str, Any]:
        """Send one operation and return its answer.

        Throttling, internal failures of the store and cut connections are tried again, with waits that grow
        and vary, until the attempts or the time are used up.

        Raises:
            KeyplanError: what went wrong, in the words of `aws_errors`.
            CertificateRefused: the certificate did not verify.
        """
        body = json.dumps(parameters).encode()
        attempt = 1
        while True:
            try:
                status, answer = self._attempt(operation, body)
            except _NoAnswerError as failure:
                error: KeyplanError = unreachable(subject, failure.words)
                retry, what = failure.may_pass, failure.words
            else:
                if status == HTTP_OK and answer is not None:
                    return answer
                code, message = _failure(status, answer or {})
                error = error_for(code, message, subject)
                retry, what = code in TRANSIENT, code
            wait_seconds = _backoff_seconds(attempt)
            if not retry or attempt == ATTEMPTS or time.monotonic() + wait_seconds >= self._deadline:
                raise error
            self._report(f"{operation}: {what}; attempt {attempt + 1} in {wait_seconds * 1000:.0f} ms")
            time.sleep(wait_seconds)
            attempt += 1

    def close(self) -> None:
        """Close the connection; another call opens it again."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _attempt(self, operation: str, body: bytes) -> tuple[int, dict[str, Any] | None]:
        """One exchange: the HTTP status, and the answer where it is a JSON object."""
        try:
            status, content = self._exchange(self._headers(operation, body), body)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if _is_certificate_failure(error):
                raise CertificateRefused from None
            raise _no_answer(error, self._endpoint) from None
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            return status, None
        return status, answer if isinstance(answer, dict) else None

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        endpoint = self._endpoint
        default_port = 443 if endpoint.secure else 80
        headers = {
            "host": endpoint.host if endpoint.port == default_port else f"{endpoint.host}:{endpoint.port}",
            "content-type": "application/x-amz-json-1.1",
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            "x-amz-target": f"secretsmanager.{operation}",
        }
        if self._credentials.token:
            headers["x-amz-security-token"] = self._credentials.token
        headers["authorization"] = authorization(
            headers, body, self._credentials, region=self._region, service="secretsmanager"
        )
        return headers

    def _exchange(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        connection = self._http or self._open()
        self._http = connection
        self._limit(connection)
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        parts, size_bytes = [], 0
        while part := response.read1(65_536):
            size_bytes += len(part)
            if size_bytes > ANSWER_LIMIT_BYTES:
                raise http.client.HTTPException
            parts.append(part)
            self._limit(connection)
        if response.length:
            raise ConnectionResetError  # the connection ended before the announced length
        response.close()  # read1 leaves it open at its end, and the connection would take no further request
        return response.status, b"".join(parts)

    def _open(self) -> http.client.HTTPConnection:
        endpoint = self._endpoint
        host = endpoint.host.strip("[]")
        if not endpoint.secure:
            return http.client.HTTPConnection(host, endpoint.port)
        import ssl

        return http.client.HTTPSConnection(host, endpoint.port, context=ssl.create_default_context())

    def _limit(self, connection: http.client.HTTPConnection) -> None:
        """Let no single wait outlast the deadline."""
        left_seconds = self._deadline - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError
        connection.timeout = left_seconds
        if connection.sock is not None:
            connection.sock.settimeout(left_seconds)


def _failure(status: int, answer: dict[str, Any]) -> tuple[str, str]:
    """AWS's error code and message. The code may come as `namespace#Code` or `Code:address`."""
    code = str(answer.get("__type") or answer.get("code") or "")
    message = str(answer.get("message") or answer.get("Message") or "")
    return code.rpartition("#")[2].partition(":")[0] or str(status), message


def _backoff_seconds(attempt: int) -> float:
    import random

    ceiling = min(BACKOFF_MAX_SECONDS, BACKOFF_STEP_SECONDS * 2**attempt)
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311  # spreads clients out; nothing secret hangs on it


def _is_certificate_failure(error: Exception) -> bool:
    import ssl

    return isinstance(error, ssl.SSLCertVerificationError)


class _NoAnswerError(Exception):
    """The exchange did not come to an answer. `may_pass`: another attempt can fare better."""

    def __init__(self, words: str, may_pass: bool) -> None:
        super().__init__(words)
        self.words = words
        self.may_pass = may_pass


def _no_answer(error: Exception, endpoint: Endpoint) -> _NoAnswerError:
    import socket

    if isinstance(error, TimeoutError):
        return _NoAnswerError("it took too long", may_pass=False)
    if isinstance(error, socket.gaierror):
        return _NoAnswerError("its name is not known here", may_pass=False)
    if isinstance(error, ConnectionRefusedError):
        # A sandbox that does not listen will not listen a second later.
        return _NoAnswerError("the connection was refused", may_pass=not endpoint.is_sandbox)
    if isinstance(error, (ConnectionError, http.client.IncompleteRead, http.client.BadStatusLine)):
        return _NoAnswerError("the connection was cut", may_pass=True)
    if isinstance(error, http.client.HTTPException):
        return _NoAnswerError("it does not answer as Secrets Manager does", may_pass=False)
    return _NoAnswerError("the connection failed", may_pass=True)
