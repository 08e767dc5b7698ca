"""Requests to Secret Manager's REST API, with the standard library only.

Google's client library takes a second to load and google-auth's transports two tenths of one; an access is
one GET. Owns the request and retries; who asks is `gcp_tokens`, what failures mean is
`gcp_errors`.
"""

from __future__ import annotations

import json
import time

from keyplan.endpoints import Endpoint
from keyplan.http.exchange import HTTP_OK, NoAnswer, Setback, insist
from keyplan.http.opening import Channel
from keyplan.stores.gcp_errors import NOT_DONE, TRANSIENT, Failure, error_for, unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from keyplan.stores.gcp_errors import Subject

GOOGLE = Endpoint("secretmanager", "https://secretmanager.googleapis.com", "gcp")
# A page of a listing: 25,000 secrets with 16 KiB of annotations would be more, and pages are asked smaller.
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
SPEAKS = "Secret Manager"


class Connection:
    """A connection to Secret Manager, opened when first used and kept; one thread's own.

    Args:
        endpoint: where to.
        token: the access token.
        report: takes lines for --verbose.
        environ: the process's environment: proxy and certificates.
    """

    def __init__(
        self, endpoint: Endpoint, token: str, report: Callable[[str], None], environ: Mapping[str, str]
    ) -> None:
        self._report = report
        self._headers = {
            "Host": endpoint.authority,
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
            "User-Agent": "keyplan",
        }
        self._channel = Channel(endpoint, environ, ANSWER_LIMIT_BYTES, SPEAKS, report)

    def call(
        self,
        method: str,
        target: str,
        subject: Subject,
        deadline: float,
        body: dict[str, Any] | None = None,
        *,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """Send one request and return its answer.

        Args:
            method: `GET`.
            target: path and query.
            subject: what it is about.
            deadline: time.monotonic() at which every attempt ends.
            body: what to send as JSON.
            repeatable: whether doing it twice is the same as once. If not, it is tried again only where the
                first attempt cannot have done anything.

        Raises:
            KeyplanError: what went wrong, in the words of `gcp_errors`.
        """
        headers, content = self._headers, None
        if body is not None:
            headers, content = {**headers, "Content-Type": "application/json"}, json.dumps(body).encode()
        transient = TRANSIENT if repeatable else NOT_DONE

        def attempt() -> dict[str, Any] | Setback:
            try:
                status, text = self._channel.send(method, target, headers, content, deadline)
            except NoAnswer as failure:
                may_pass = failure.may_pass and (repeatable or failure.words == "the connection was refused")
                return Setback(unreachable(subject, failure.words), failure.words, may_pass)
            answer = _object(text)
            if status == HTTP_OK and answer is not None:
                return answer
            found = Failure(status, answer)
            return Setback(error_for(found, subject), found.status, found.status in transient)

        return insist(attempt, subject.permission, deadline, self._report)

    def close(self) -> None:
        """Close the connection; another call opens it again."""
        self._channel.close()


def soon(timeout_seconds: float) -> float:
    """The deadline of a call that begins now."""
    return time.monotonic() + timeout_seconds


def _object(content: bytes) -> dict[str, Any] | None:
    """The answer where it is a JSON object."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
