"""One HTTP exchange after another over one connection, with the standard library only: the transport that the
clouds' short roads share.

Owns the connection, its time limit, and how an exchange can fail to come to an answer. What a request says,
and what an answer means, belongs to the cloud's own module.
"""

from __future__ import annotations

import http.client
import io
import re
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from typing import Any, Protocol, TypeVar

    from keyplan.errors import KeyplanError

    Answer = TypeVar("Answer")

    class Address(Protocol):
        """Where to connect; an Endpoint is one."""

        host: str
        port: int

        @property
        def is_sandbox(self) -> bool:
            """Whether what does not listen now will not listen a second later either."""

        @property
        def secure(self) -> bool:
            """Whether it speaks TLS."""


ATTEMPTS = 5
HTTP_OK = 200
BACKOFF_STEP_SECONDS = 0.1
BACKOFF_MAX_SECONDS = 3.0


class CertificateRefused(Exception):  # noqa: N818  # a state that the caller acts on, not a report
    """The endpoint's certificate is not trusted by the certificates that were asked. `code` is OpenSSL's."""

    def __init__(self, code: int = 0) -> None:
        super().__init__()
        self.code = code


class NoAnswer(Exception):  # noqa: N818  # likewise
    """The exchange did not come to an answer. `may_pass`: another attempt can fare better."""

    def __init__(self, words: str, may_pass: bool) -> None:
        super().__init__(words)
        self.words = words
        self.may_pass = may_pass


class Setback:
    """One attempt that failed: the error to raise if it was the last one, and whether another can help."""

    __slots__ = ("error", "may_pass", "what")

    def __init__(self, error: KeyplanError, what: str, may_pass: bool) -> None:
        self.error = error
        self.what = what  # for --verbose
        self.may_pass = may_pass


class Proxy:
    """A proxy through which a secure connection is tunnelled."""

    __slots__ = ("authorization", "host", "port")

    def __init__(self, host: str, port: int, authorization: str | None) -> None:
        self.host = host
        self.port = port
        self.authorization = authorization  # the header's value


class Exchange:
    """A connection to one endpoint, opened when first used and kept for the requests after it.

    Args:
        endpoint: where to.
        limit_bytes: what is the largest answer to take.
        speaks: who is expected to answer, `Secrets Manager`, for the words of an error.
        proxy: through which proxy; only for a secure endpoint.
        certificates: a file of certificates to trust beside the system's.
        context: TLS with certificates of the caller's choice; the system's and the file's are not taken then.
    """

    def __init__(
        self,
        endpoint: Address,
        limit_bytes: int,
        speaks: str,
        proxy: Proxy | None = None,
        certificates: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._limit_bytes = limit_bytes
        self._speaks = speaks
        self._proxy = proxy
        self._certificates = certificates
        self._context = context
        self._http: http.client.HTTPConnection | None = None
        self.headers: dict[str, str] = {}  # of the last answer; names in lower case

    def send(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None, deadline: float
    ) -> tuple[int, bytes]:
        """One exchange: the HTTP status and the content.

        Args:
            method: `POST`.
            target: the path and query.
            headers: the request's.
            body: the request's.
            deadline: time.monotonic() at which it ends.

        Raises:
            NoAnswer: there was none.
            CertificateRefused: the certificate did not verify.
        """
        try:
            return self._exchange(method, target, headers, body, deadline)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if _is_certificate_failure(error):
                raise CertificateRefused(getattr(error, "verify_code", 0)) from None
            raise self._no_answer(error) from None
        except BaseException:  # Ctrl-C: half an exchange is of no use to the next one
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; another exchange opens it again."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _exchange(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None, deadline: float
    ) -> tuple[int, bytes]:
        connection = self._http or self._open()
        self._http = connection
        _limit(connection, deadline)
        connection.response_class = _reading_until(deadline)
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        try:
            content = self._content(response)
        finally:
            # read1 leaves it open at its end, and the connection would take no further request.
            response.close()
        self.headers = {name.lower(): text for name, text in response.getheaders()}
        return response.status, content

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        parts, size_bytes = [], 0
        while part := response.read1(65_536):
            size_bytes += len(part)
            if size_bytes > self._limit_bytes:
                raise http.client.HTTPException
            parts.append(part)
        if response.length:
            raise ConnectionResetError  # the connection ended before the announced length
        return b"".join(parts)

    def _open(self) -> http.client.HTTPConnection:
        endpoint = self._endpoint
        host = endpoint.host.strip("[]")
        if not endpoint.secure:
            return http.client.HTTPConnection(host, endpoint.port)
        import ssl

        context = self._context or ssl.create_default_context()
        if self._certificates is not None:
            try:
                context.load_verify_locations(self._certificates)
            except OSError:
                raise NoAnswer("the file of certificates cannot be used", may_pass=False) from None
        if self._proxy is None:
            return http.client.HTTPSConnection(host, endpoint.port, context=context)
        connection = http.client.HTTPSConnection(self._proxy.host, self._proxy.port, context=context)
        authorization = self._proxy.authorization
        connection.set_tunnel(
            host, endpoint.port, {"Proxy-Authorization": authorization} if authorization else {}
        )
        return connection

    def _no_answer(self, error: Exception) -> NoAnswer:
        import socket

        if isinstance(error, TimeoutError):
            return NoAnswer("it took too long", may_pass=False)
        if isinstance(error, socket.gaierror):
            return NoAnswer("its name is not known here", may_pass=False)
        if isinstance(error, ConnectionRefusedError):
            # A sandbox that does not listen will not listen a second later.
            return NoAnswer("the connection was refused", may_pass=not self._endpoint.is_sandbox)
        if isinstance(error, (ConnectionError, http.client.IncompleteRead, http.client.BadStatusLine)):
            return NoAnswer("the connection was cut", may_pass=True)
        if refused := _proxy_refusal(error):
            return NoAnswer(f"the proxy does not let it through (HTTP {refused})", may_pass=refused >= 500)
        if isinstance(error, http.client.HTTPException):
            return NoAnswer(f"it does not answer as {self._speaks} does", may_pass=False)
        return NoAnswer("the connection failed", may_pass=True)


def insist(
    attempt: Callable[[], Answer | Setback], name: str, deadline: float, report: Callable[[str], None]
) -> Answer:
    """Try until it succeeds, with waits that grow and vary, or the attempts or the time are used up.

    Args:
        attempt: one attempt: its answer, or how it failed.
        name: what is being tried, for --verbose.
        deadline: time.monotonic() at which every attempt ends.
        report: takes lines for --verbose.

    Raises:
        KeyplanError: the last attempt's.
    """
    number = 1
    while True:
        outcome = attempt()
        if not isinstance(outcome, Setback):
            return outcome
        wait_seconds = backoff_seconds(number)
        if not outcome.may_pass or number == ATTEMPTS or time.monotonic() + wait_seconds >= deadline:
            raise outcome.error
        report(f"{name}: {outcome.what}; attempt {number + 1} in {wait_seconds * 1000:.0f} ms")
        time.sleep(wait_seconds)
        number += 1


def backoff_seconds(attempt: int) -> float:
    """How long to wait after an attempt, the first being 1."""
    import random

    ceiling = min(BACKOFF_MAX_SECONDS, BACKOFF_STEP_SECONDS * 2**attempt)
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311  # spreads clients out; nothing secret hangs on it


def _limit(connection: http.client.HTTPConnection, deadline: float) -> None:
    """Let no single wait outlast the deadline."""
    left_seconds = deadline - time.monotonic()
    if left_seconds <= 0:
        raise TimeoutError
    connection.timeout = left_seconds
    if connection.sock is not None:
        connection.sock.settimeout(left_seconds)


class _Deadline(io.RawIOBase):
    """What a socket brings, each wait shortened to what is left of the time: an answer that comes byte by
    byte would restart the limit with each of them.
    """

    def __init__(self, stream: Any, sock: socket.socket, deadline: float) -> None:
        self._stream = stream
        self._socket = sock
        self._until = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_seconds = self._until - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError
        self._socket.settimeout(left_seconds)
        count: int | None = self._stream.readinto(buffer)
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _reading_until(deadline: float) -> type[http.client.HTTPResponse]:
    """The class of answers that are read whole before the deadline, head included, or not at all."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self.fp = io.BufferedReader(_Deadline(self.fp.detach(), sock, deadline))

    return Response


def _proxy_refusal(error: Exception) -> int:
    """The status with which a proxy refused the tunnel, or 0: http.client has it in its text only."""
    match = re.match(r"Tunnel connection failed: ([0-9]{3})\b", str(error))
    return int(match[1]) if match else 0


def _is_certificate_failure(error: Exception) -> bool:
    import ssl

    return isinstance(error, ssl.SSLCertVerificationError)
