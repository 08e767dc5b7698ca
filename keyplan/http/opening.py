"""Opening an exchange the way that the user's environment wants it: proxy and certificates.

Owns the variables: HTTPS_PROXY, ALL_PROXY and NO_PROXY, and REQUESTS_CA_BUNDLE. The transport itself is
`exchange`.
"""

from __future__ import annotations

import os

from keyplan.errors import UsageError
from keyplan.http.exchange import Exchange, Proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.endpoints import Endpoint

PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def open_exchange(
    endpoint: Endpoint,
    environ: Mapping[str, str],
    limit_bytes: int,
    speaks: str,
    certificates: str | None = None,
) -> Exchange:
    """The transport to an address: through the user's proxy and with the user's certificates, but for the
    sandbox, which gets neither.

    Args:
        endpoint: the address.
        environ: the process's environment.
        limit_bytes: what is the largest answer to take.
        speaks: who is expected to answer, `Secret Manager`.
        certificates: a file of certificates instead of the one that the environment names.

    Raises:
        UsageError: the proxy or the certificates that the environment names cannot be used.
    """
    if not endpoint.secure:
        return Exchange(endpoint, limit_bytes, speaks)
    bundle = certificates or environ.get("REQUESTS_CA_BUNDLE") or None
    if bundle is not None and not os.path.exists(bundle):
        raise UsageError("the file of certificates that REQUESTS_CA_BUNDLE names does not exist")
    return Exchange(endpoint, limit_bytes, speaks, proxy_to(endpoint.host, environ), bundle)


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
