"""Talking to one vendor's host: requests that carry a value, tried again where that can help.

Owns the connection, the deadline, and what `retry-after` says. Never follows a redirect: whatever it leads
to would get the value. What replies mean is the vendors' modules'.
"""

from __future__ import annotations

import re
import time

from keyplan.http.exchange import ATTEMPTS, NoAnswer, backoff_seconds
from keyplan.http.opening import Channel
from keyplan.vendors.verdicts import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyplan.endpoints import Endpoint
    from keyplan.secret_value import SecretValue

# A page of 1,000 keys has half a MiB; a day's usage of 1,000 keys in several workspaces some more, times 31.
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
# Too many requests, and whatever the other side may have overcome a moment later.
# Source: Claude API reference, "Errors" (platform.claude.com/docs/en/api/errors, checked 2026-11-21); 529 is
# its `overloaded_error`.
PASSING = (408, 429, 500, 502, 503, 504, 529)
# What a header may hold: anything else would end the header, or be guessed at by whoever reads it.
_HEADER_TEXT = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class Silence(Exception):  # noqa: N818  # a state that callers act on, not a report
    """There was no reply. `words` are for a sentence: `the connection was cut`."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Talk:
    """A connection to one host, opened when first used and kept; one thread's own.

    Args:
        endpoint: where to.
        environ: the process's environment: proxy and certificates.
        report: takes lines for --verbose; no line has a header or a value.
        who: who is expected to answer, `the Claude API`.
        sleep: waits, in seconds.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        environ: Mapping[str, str],
        report: Callable[[str], None],
        who: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._report = report
        self._who = who
        self._sleep = sleep
        self._channel = Channel(endpoint, environ, ANSWER_LIMIT_BYTES, who, report)

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        carried: tuple[str, str, SecretValue],
        deadline: float,
        body: bytes | None = None,
    ) -> Reply:
        """Send a request and return its reply: the last one, where it was tried more than once.

        Doing it twice has to be the same as once.

        Args:
            method: `GET`.
            target: path and query.
            headers: those without the value.
            carried: the header that takes the value, what stands before it there, and the value, which
                `can_be_sent` accepts.
            deadline: time.monotonic() at which every attempt ends.
            body: JSON.

        Raises:
            Silence: there was no reply.
        """
        sent = self._headers(headers, carried, body)
        number = 1
        while True:
            outcome = self._once(method, target, sent, body, deadline)
            wait_seconds = _wait_seconds(outcome, number)
            if wait_seconds is None or number == ATTEMPTS or time.monotonic() + wait_seconds >= deadline:
                break
            self._report(f"{self._who}: {_what(outcome)}; attempt {number + 1} in {wait_seconds:.1f} s")
            self._sleep(wait_seconds)
            number += 1
        if isinstance(outcome, NoAnswer):
            raise Silence(outcome.words)
        return outcome

    def close(self) -> None:
        """Close the connection; another request opens it again."""
        self._channel.close()

    def __del__(self) -> None:
        """Leave no connection open behind a command that ends in an error."""
        channel = getattr(self, "_channel", None)
        if channel is not None:
            channel.close()

    def _headers(
        self, headers: Mapping[str, str], carried: tuple[str, str, SecretValue], body: bytes | None
    ) -> dict[str, str]:
        name, prefix, value = carried
        return {
            "Host": self._endpoint.authority,
            "Accept": "application/json",
            "User-Agent": "keyplan",
            **({} if body is None else {"Content-Type": "application/json"}),
            **headers,
            name: prefix + value.reveal(),
        }

    def _once(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None, deadline: float
    ) -> Reply | NoAnswer:
        try:
            status, content = self._channel.send(method, target, headers, body, deadline)
        except NoAnswer as failure:
            return failure
        return Reply(status, self._channel.headers, content)


def can_be_sent(text: str) -> bool:
    """Whether a header can carry the text: printable ASCII, without a space at either end."""
    return _HEADER_TEXT.fullmatch(text) is not None


def retry_after_seconds(text: str | None, now: float) -> float | None:
    """How long a reply asks to wait: a number of seconds or an HTTP date; None where it does not say.

    Args:
        text: the header `retry-after`.
        now: the time, in seconds since 1970.

    Source: RFC 9110, 10.2.3 (checked 2026-11-21).
    """
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text.strip()):
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _wait_seconds(outcome: Reply | NoAnswer, number: int) -> float | None:
    """How long to wait before another attempt; None where there is no use in one."""
    if isinstance(outcome, NoAnswer):
        return backoff_seconds(number) if outcome.may_pass else None
    if outcome.status not in PASSING:
        return None
    asked_for = retry_after_seconds(outcome.headers.get("retry-after"), time.time())
    if outcome.status == 429 and asked_for is None and number > 1:
        # The limit of a tier's month says no time: it is not over in seconds. Source: Claude API reference,
        # "Rate limits" (platform.claude.com/docs/en/api/rate-limits, checked 2026-11-21).
        return None
    return max(asked_for or 0.0, backoff_seconds(number))


def _what(outcome: Reply | NoAnswer) -> str:
    return outcome.words if isinstance(outcome, NoAnswer) else f"HTTP {outcome.status}"
