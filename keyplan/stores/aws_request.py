"""One signed request to Secrets Manager, with the standard library only: the short road of `keyplan exec`.

boto3 loads service models for two tenths of a second before its first call; a program that is started through
`keyplan exec` waits for that every time. Owns the request and telling an answer from a failure; the transport
is `keyplan.http.exchange`, who signs is `aws_credentials`, what failures mean is `aws_errors`.
"""

from __future__ import annotations

import json
import time

from keyplan.http.exchange import HTTP_OK, CertificateRefused, Exchange, NoAnswer, Setback, insist
from keyplan.stores.aws_errors import TRANSIENT, error_for, unreachable
from keyplan.stores.aws_signature import authorization

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from keyplan.endpoints import Endpoint
    from keyplan.stores.aws_errors import Subject
    from keyplan.stores.aws_signature import Credentials

# A secret's value has at most 64 KiB; escaped as JSON inside JSON it can take six times that.
ANSWER_LIMIT_BYTES = 1_048_576
__all__ = ["CertificateRefused", "Connection"]


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
        self._exchange = Exchange(endpoint, ANSWER_LIMIT_BYTES, "Secrets Manager")

    def call(self, operation: str, parameters: dict[str, Any], subject: Subject) -> dict[str, Any]:
        """Send one operation and return its answer.

        Throttling, internal failures of the store and cut connections are tried again, with waits that grow
        and vary, until the attempts or the time are used up.

        Raises:
            KeyplanError: what went wrong, in the words of `aws_errors`.
            CertificateRefused: the certificate did not verify.
        """
        body = json.dumps(parameters).encode()
        return insist(
            lambda: self._attempt(operation, body, subject), operation, self._deadline, self._report
        )

    def close(self) -> None:
        """Close the connection; another call opens it again."""
        self._exchange.close()

    def _attempt(self, operation: str, body: bytes, subject: Subject) -> dict[str, Any] | Setback:
        try:
            headers = self._headers(operation, body)
            status, content = self._exchange.send("POST", "/", headers, body, self._deadline)
        except NoAnswer as failure:
            return Setback(unreachable(subject, failure.words), failure.words, failure.may_pass)
        answer = _object(content)
        if status == HTTP_OK and answer is not None:
            return answer
        code, message = _failure(status, answer or {})
        return Setback(error_for(code, message, subject), code, code in TRANSIENT)

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        headers = {
            "host": self._endpoint.authority,
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


def _object(content: bytes) -> dict[str, Any] | None:
    """The answer where it is a JSON object."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _failure(status: int, answer: dict[str, Any]) -> tuple[str, str]:
    """AWS's error code and message. The code may come as `namespace#Code` or `Code:address`."""
    code = str(answer.get("__type") or answer.get("code") or "")
    message = str(answer.get("message") or answer.get("Message") or "")
    return code.rpartition("#")[2].partition(":")[0] or str(status), message
