"""Whose access token a request to Google Cloud carries, by the shortest way that is safe.

In order: the sandbox's own for an endpoint on this machine; a token that a variable holds; the file of
Application Default Credentials (GOOGLE_APPLICATION_CREDENTIALS, then gcloud's own), by `gcp_adc`; the
metadata server of a Google Cloud machine. That is google.auth.default's order, without its App Engine of the
first generation, and without the `gcloud` process that it starts only to learn a project.
Source: google-auth 2.62, google/auth/_default.py; Compute Engine, "Access tokens" (checked 2026-11-21).
"""

from __future__ import annotations

import json
import os
import time

from keyplan.errors import KeyplanError, StoreError, UsageError
from keyplan.http.exchange import HTTP_OK, Exchange, NoAnswer
from keyplan.stores.gcp_access import SCOPE, Access
from keyplan.stores.gcp_errors import LOG_IN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyplan.endpoints import Endpoint
    from keyplan.stores.gcp_errors import Subject

# Whom the sandbox takes the caller for. Its administrator owns everything in it.
MEMBER_VARIABLE = "KEYPLAN_SANDBOX_MEMBER"
ADMINISTRATOR = "user:admin@example.com"
TOKEN_VARIABLES = ("CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN")
FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
METADATA_TIMEOUT_SECONDS = 3.0
METADATA_LIMIT_BYTES = 65_536
METADATA_HEADERS = {"Metadata-Flavor": "Google"}


def find_access(
    endpoint: Endpoint | None,
    subject: Subject,
    report: Callable[[str], None],
    environ: Mapping[str, str],
    deadline: float,
) -> Access:
    """The access token to use at `endpoint` (None: Google's own).

    Raises:
        StoreError: there are no credentials, or they have expired.
        UsageError: a variable holds something that cannot be a token.
    """
    if endpoint is not None and endpoint.is_sandbox:
        member = environ.get(MEMBER_VARIABLE) or ADMINISTRATOR
        return Access(_sendable(f"sandbox:{member}", MEMBER_VARIABLE), member.partition("?")[0])
    for name in TOKEN_VARIABLES:
        if environ.get(name):
            report(f"the access token is that of {name}")
            return Access(_sendable(environ[name], name))
    file = credentials_file(environ)
    if file is not None:
        from keyplan.stores.gcp_adc import access_from_file

        report(f"credentials: {file}")
        return access_from_file(file, subject, environ, deadline)
    access = from_metadata_server(environ, deadline)
    if access is None:
        raise no_credentials(subject)
    report("the access token is the metadata server's")
    return access


def credentials_file(environ: Mapping[str, str]) -> str | None:
    """The file of Application Default Credentials, or None."""
    if environ.get(FILE_VARIABLE):
        return environ[FILE_VARIABLE]
    folder = environ.get("CLOUDSDK_CONFIG") or os.path.join(os.path.expanduser("~"), ".config", "gcloud")
    path = os.path.join(folder, "application_default_credentials.json")
    return path if os.path.isfile(path) else None


def from_metadata_server(environ: Mapping[str, str], deadline: float) -> Access | None:
    """The token of the machine's service account; None where there is no metadata server."""
    if environ.get("NO_GCE_CHECK") == "true":
        return None
    token = ask_metadata_server(f"token?scopes={SCOPE}", environ, deadline)
    email = ask_metadata_server("email", environ, deadline) if token else None
    try:
        text = json.loads(token or "")["access_token"]
    except (ValueError, KeyError, TypeError):
        return None
    return Access(_sendable(str(text), "the metadata server"), f"serviceAccount:{email}" if email else None)


def ask_metadata_server(path: str, environ: Mapping[str, str], deadline: float) -> str | None:
    """What the metadata server says of the default service account, or None.

    Where there is none, its name is not known and the answer comes at once.
    """
    host = environ.get("GCE_METADATA_HOST") or environ.get("GCE_METADATA_ROOT") or "metadata.google.internal"
    exchange = Exchange(MetadataServer(host), METADATA_LIMIT_BYTES, "the metadata server")
    soon = min(deadline, time.monotonic() + METADATA_TIMEOUT_SECONDS)
    target = f"/computeMetadata/v1/instance/service-accounts/default/{path}"
    try:
        status, content = exchange.send("GET", target, dict(METADATA_HEADERS), None, soon)
    except NoAnswer:
        return None
    finally:
        exchange.close()
    # The header is how the real one tells itself from whatever else a network has at that name.
    if status != HTTP_OK or exchange.headers.get("metadata-flavor") != "Google":
        return None
    return content.decode("ascii", "replace").strip()


class MetadataServer:
    """The address of a machine's metadata server: plain http, on a link that stays inside the machine."""

    is_sandbox = False
    secure = False

    __slots__ = ("host", "port")

    def __init__(self, host: str) -> None:
        name, colon, port = host.rpartition(":")
        self.host = name if colon else host
        self.port = int(port) if colon and port.isdigit() else 80


def no_credentials(subject: Subject) -> StoreError:
    """The error for a search that found nothing."""
    return StoreError(
        f"{subject.named}: there are no Google Cloud credentials: no variable, file or metadata server gives "
        "any",
        f"{LOG_IN}, or set {FILE_VARIABLE}",
    )


def _sendable(token: str, origin: str) -> str:
    """The token, if a header can hold it: a line end in it would begin another header."""
    if token.isascii() and token.isprintable() and " " not in token:
        return token
    error: KeyplanError = UsageError(
        f"what {origin} gives is not an access token (it is not repeated)",
        "an access token is one word of printable characters: `gcloud auth print-access-token`",
    )
    raise error
