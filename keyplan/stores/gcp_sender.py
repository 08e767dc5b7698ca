"""Requests for tokens to whatever address a credential's file names."""

from __future__ import annotations

from keyplan.http.exchange import CertificateRefused, Exchange, NoAnswer
from keyplan.http.opening import brought_certificates, proxy_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER_LIMIT_BYTES = 1_048_576


class Sender:
    """Requests to any address, as the user's proxy and certificates have it.

    Args:
        environ: the process's environment.
        deadline: time.monotonic() at which every request ends.
    """

    def __init__(self, environ: Mapping[str, str], deadline: float) -> None:
        self._environ = environ
        self._deadline = deadline

    def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request: status, headers (names in lower case) and content.

        Raises:
            NoAnswer: there was none.
        """
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        address = Address(parts.hostname or "", parts.port, secure=parts.scheme == "https")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        given = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "keyplan", **headers}
        bundles = [self._environ.get("REQUESTS_CA_BUNDLE") or None, brought_certificates()]
        for bundle in bundles:
            proxy = proxy_to(address.host, self._environ) if address.secure else None
            exchange = Exchange(address, ANSWER_LIMIT_BYTES, "an identity provider", proxy, bundle)
            try:
                status, content = exchange.send(method, target, given, body, self._deadline)
                return status, exchange.headers, content
            except CertificateRefused:
                continue
            finally:
                exchange.close()
        raise NoAnswer("its certificate is not trusted", may_pass=False)


class Address:
    """Where a credential's file says that tokens are."""

    __slots__ = ("host", "port", "secure")

    is_sandbox = False

    def __init__(self, host: str, port: int | None, *, secure: bool) -> None:
        self.host = host
        self.port = port or (443 if secure else 80)
        self.secure = secure
