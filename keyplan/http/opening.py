"""Exchanges the way that the user's environment wants them: proxy and certificates.

Owns the variables: HTTPS_PROXY, ALL_PROXY and NO_PROXY, and REQUESTS_CA_BUNDLE; and what is tried where a
certificate is refused. The transport itself is `exchange`.
"""

from __future__ import annotations

import os

from keyplan.errors import UsageError
from keyplan.http.exchange import CertificateRefused, Exchange, NoAnswer, Proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyplan.endpoints import Endpoint

PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
UNTRUSTED = "its certificate is not trusted; a proxy that inspects traffic needs REQUESTS_CA_BUNDLE"


class Channel:
    """Exchanges with one address: through the user's proxy and with the user's certificates, but for the
    sandbox, which gets neither. The connection is opened when first used and kept.

    Args:
        endpoint: the address.
        environ: the process's environment.
        limit_bytes: what is the largest answer to take.
        speaks: who is expected to answer, `Secret Manager`.
        report: takes lines for --verbose.

    Raises:
        UsageError: the proxy or the certificates that the environment names cannot be used.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        environ: Mapping[str, str],
        limit_bytes: int,
        speaks: str,
        report: Callable[[str], None],
    ) -> None:
        self._endpoint = endpoint
        self._environ = environ
        self._limit_bytes = limit_bytes
        self._speaks = speaks
        self._report = report
        self._exchange = self._open()

    @property
    def headers(self) -> dict[str, str]:
        """Of the last answer; names in lower case."""
        return self._exchange.headers

    def send(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None, deadline: float
    ) -> tuple[int, bytes]:
        """One exchange, as `Exchange.send` makes it. Where the certificate is refused, those that botocore
        brings are asked too: some systems' Pythons have none.

        Raises:
            NoAnswer: there was none.
        """
        try:
            return self._exchange.send(method, target, headers, body, deadline)
        except CertificateRefused:
            pass
        self._report("the certificate is not among this Python's; those that botocore brings are asked too")
        self._exchange = self._open(brought_certificates())
        try:
            return self._exchange.send(method, target, headers, body, deadline)
        except CertificateRefused:
            raise NoAnswer(UNTRUSTED, may_pass=False) from None

    def close(self) -> None:
        """Close the connection; another exchange opens it again."""
        self._exchange.close()

    def _open(self, certificates: str | None = None) -> Exchange:
        if not self._endpoint.secure:
            return Exchange(self._endpoint, self._limit_bytes, self._speaks)
        bundle = certificates or self._environ.get("REQUESTS_CA_BUNDLE") or None
        if bundle is not None and not os.path.exists(bundle):
            raise UsageError("the file of certificates that REQUESTS_CA_BUNDLE names does not exist")
        proxy = proxy_to(self._endpoint.host, self._environ)
        return Exchange(self._endpoint, self._limit_bytes, self._speaks, proxy, bundle)


def proxy_to(host: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that the environment names for a host, or None.

    Raises:
        UsageError: it is not one that can be used.
    """
    url = next((environ[name] for name in PROXY_VARIABLES if environ.get(name)), None)
    if url is None or _is_direct(host, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit

    mistake = UsageError(
        "the proxy of HTTPS_PROXY is not one that keyplan can use",
        "expected http://HOST:PORT, with USER:PASSWORD@ where the proxy asks for it",
    )
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or 80
    except ValueError:
        raise mistake from None
    if parts.scheme != "http" or not parts.hostname:
        raise mistake
    authorization = None
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(user.encode()).decode()}"
    return Proxy(parts.hostname, port, authorization)


def brought_certificates() -> str | None:
    """The file of certificates that botocore brings along, or None."""
    from importlib.util import find_spec

    found = find_spec("botocore")
    if found is None or found.origin is None:
        return None
    path = os.path.join(os.path.dirname(found.origin), "cacert.pem")
    return path if os.path.exists(path) else None


def _is_direct(host: str, exceptions: str) -> bool:
    names = [name.strip().lstrip("*").lstrip(".").lower() for name in exceptions.split(",")]
    return "*" in exceptions.split(",") or any(
        name and (host == name or host.endswith(f".{name}")) for name in names
    )
