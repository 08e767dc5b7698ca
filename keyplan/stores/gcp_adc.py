"""An access token from a file of Application Default Credentials.

The file that `gcloud auth application-default login` writes on a person's machine takes one POST, made here;
service account keys, federated identities and impersonation are google-auth's business, over a transport of
our own: its own ones load urllib3 or requests, which takes longer than the request.
The files may hold private keys and refresh tokens: no message shows anything of them.
Source: google-auth 2.62, google.auth._default and google.auth.transport; RFC 6749, section 6 (checked
2026-11-21).
"""

from __future__ import annotations

import json
import re

from keyplan.errors import KeyplanError, StoreError
from keyplan.http.exchange import HTTP_OK, NoAnswer
from keyplan.stores.gcp_access import SCOPE, Access
from keyplan.stores.gcp_errors import LOG_IN, expired, unreachable
from keyplan.stores.gcp_sender import Sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from keyplan.stores.gcp_errors import Subject

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address
FEDERATED = ("external_account", "external_account_authorized_user")


def access_from_file(file: str, subject: Subject, environ: Mapping[str, str], deadline: float) -> Access:
    """The access token that a file of credentials is good for.

    Raises:
        StoreError: the file is none, or what it holds has expired.
        Unreachable: whoever gives out tokens did not answer.
    """
    info = _read(file, subject)
    sender = Sender(environ, deadline)
    if info.get("type") == "authorized_user":
        return _of_a_person(info, sender, subject)
    return _by_google_auth(info, sender, subject)


def _read(file: str, subject: Subject) -> dict[str, Any]:
    try:
        with open(file, "rb") as opened:
            info = json.loads(opened.read())
    except OSError:
        raise _broken(subject, "cannot be read") from None
    except (ValueError, RecursionError):
        raise _broken(subject, "is not JSON") from None
    if not isinstance(info, dict):
        raise _broken(subject, "is not a JSON object")
    return info


def _of_a_person(info: dict[str, Any], sender: Sender, subject: Subject) -> Access:
    from urllib.parse import urlencode

    names = ("client_id", "client_secret", "refresh_token")
    if not all(isinstance(info.get(name), str) for name in names):
        raise _broken(subject, "lacks a field")
    form = {"grant_type": "refresh_token", **{name: info[name] for name in names}}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = str(info.get("token_uri") or TOKEN_URL)
    try:
        status, _, content = sender.send("POST", url, headers, urlencode(form).encode())
    except NoAnswer as failure:
        raise unreachable(subject, f"{failure.words} (asked for an access token)") from None
    answer = _object(content)
    token = answer.get("access_token")
    if status == HTTP_OK and isinstance(token, str):
        account = info.get("account")
        return Access(token, f"user:{account}" if account and isinstance(account, str) else None)
    if status >= 500 or status == 429:
        raise unreachable(subject, "whoever gives out access tokens had a failure of its own")
    raise expired(subject)


def _by_google_auth(info: dict[str, Any], sender: Sender, subject: Subject) -> Access:
    try:
        from google.auth import exceptions
    except ImportError:
        raise StoreError(
            f"{subject.named}: these Google Cloud credentials need the package google-auth",
            "pip install 'keyplan[gcp]'",
        ) from None
    from keyplan.stores.gcp_google_auth import transport

    kind = str(info.get("type"))
    make = _MAKERS.get(kind)
    if make is None:
        raise _broken(subject, "is of a kind that keyplan does not know")
    try:
        credentials = make(info)
        credentials.refresh(transport(sender))
    except exceptions.TransportError:
        raise unreachable(subject, "the connection failed (asked for an access token)") from None
    except (exceptions.GoogleAuthError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refused(error, kind, subject) from None
    email = getattr(credentials, "service_account_email", None)
    return Access(str(credentials.token), f"serviceAccount:{email}" if email else _provider_of(info))


# google-auth's classes are typed in part only, hence Any.
def _service_account(info: dict[str, Any]) -> Any:
    from google.oauth2 import service_account

    kind: Any = service_account.Credentials
    return kind.from_service_account_info(info, scopes=[SCOPE])


def _external_account(info: dict[str, Any]) -> Any:
    kind: Any
    source = info.get("credential_source")
    if info.get("subject_token_type") == "urn:ietf:params:aws:token-type:aws4_request":
        from google.auth import aws

        kind = aws.Credentials
    elif isinstance(source, dict) and "executable" in source:
        from google.auth import pluggable

        kind = pluggable.Credentials
    else:
        from google.auth import identity_pool

        kind = identity_pool.Credentials
    return kind.from_info(info, scopes=[SCOPE])


def _external_user(info: dict[str, Any]) -> Any:
    from google.auth import external_account_authorized_user

    kind: Any = external_account_authorized_user.Credentials
    return kind.from_info(info)


def _impersonated(info: dict[str, Any]) -> Any:
    from google.auth import impersonated_credentials

    kind: Any = impersonated_credentials.Credentials
    return kind.from_impersonated_service_account_info(info, scopes=[SCOPE])


_MAKERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "service_account": _service_account,
    "external_account": _external_account,
    "external_account_authorized_user": _external_user,
    "impersonated_service_account": _impersonated,
}


def _provider_of(info: dict[str, Any]) -> str | None:
    """`federated:keyplan-prod/ci-evals`: the pool and provider of a federated identity without an account."""
    match = re.search(
        r"workloadIdentityPools/([a-z0-9-]{1,40})/providers/([a-z0-9-]{1,40})$", str(info.get("audience"))
    )
    return f"federated:{match[1]}/{match[2]}" if match else None


def _refused(error: Exception, kind: str, subject: Subject) -> KeyplanError:
    from google.auth.exceptions import OAuthError, RefreshError

    if kind in FEDERATED and isinstance(error, (OAuthError, RefreshError)):
        return StoreError(
            f"{subject.named}: the workload identity pool does not take this identity for one of its own: "
            "its provider has another issuer, audience or condition, or the identity token is too old",
            "the consumer's fields in the catalogue (repository, branch, environment) are the condition",
        )
    if isinstance(error, RefreshError):
        return expired(subject)
    return _broken(subject, "lacks a field, or has a wrong one")


def _broken(subject: Subject, what: str) -> StoreError:
    return StoreError(
        f"{subject.named}: the file of Google Cloud credentials {what}",
        f"GOOGLE_APPLICATION_CREDENTIALS names it, or it is gcloud's own: {LOG_IN}",
    )


def _object(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
