"""What is wrong with logins, profiles and certificates that are files: missing, unreadable, or over.

Pure: metadata in, findings out, and the few fields of each kind of file that say when it ends. Tokens, keys
and names in them are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from keyplan.doctor.addresses import moment, seconds
from keyplan.doctor.model import Evidence, Finding, Kind, Stored
from keyplan.doctor.rules import at
from keyplan.doctor.variables import AWS_EXPIRATION, AWS_PROFILE, FOUNDRY_KEY, PROFILE

# In every kind of file that a login is in: what it says of its end, and whether the client renews it.
_HINTS = {
    Kind.LOGIN: "run /login in Claude Code",
    Kind.AWS_LOGIN: "aws sso login, or aws login, for the profile",
    Kind.GOOGLE_LOGIN: "gcloud auth application-default login",
    Kind.AZURE_LOGIN: f"az login, or set {FOUNDRY_KEY}",
    Kind.NAMED_PROFILE: "ant profile list shows those that there are",
    Kind.AWS_PROFILE: "aws configure list-profiles shows those that there are",
    Kind.CERTIFICATES: "name a file of certificates in PEM form that can be read, or unset it",
}
_CODES = {
    Kind.LOGIN: "login-expired",
    Kind.AWS_LOGIN: "aws-login",
    Kind.GOOGLE_LOGIN: "google-login",
    Kind.AZURE_LOGIN: "azure-login",
    Kind.NAMED_PROFILE: "profile-missing",
    Kind.AWS_PROFILE: "aws-profile",
    Kind.CERTIFICATES: "certificates-file",
}


def of_stored(evidence: Evidence) -> Iterator[Finding]:
    """What each of the files says that stands in a client's way; the identity token is told elsewhere."""
    for stored in evidence.stored:
        if stored.kind is Kind.IDENTITY_TOKEN:
            continue
        ends = None if stored.renews else stored.expires_at
        is_over = ends is not None and evidence.now is not None and ends < evidence.now
        if stored.problem is not None or is_over:
            yield _finding(stored, stored.problem or "has expired")


def _finding(stored: Stored, problem: str) -> Finding:
    code, hint = _CODES[stored.kind], _HINTS[stored.kind]
    cause = stored.cause
    if stored.kind is Kind.LOGIN:
        problem = "has expired, and nothing in it renews it" if problem == "has expired" else problem
    if cause is None:
        return Finding(code, f"the {stored.kind.value} in {stored.place} {problem}", stored.place, hint=hint)
    if cause.name == AWS_EXPIRATION:
        return at(cause, code, "is over: the credentials beside it have expired", hint)
    what = "profile that" if cause.name in (AWS_PROFILE, PROFILE) else "file that"
    return at(cause, code, f"names a {what} {problem}", hint)


def login_of_claude_code(text: str) -> tuple[str | None, float | None, bool]:
    """The problem, the end, and whether it is renewed, of `.credentials.json`.

    Source: Claude Code documentation, "Authentication": a login lives on until it cannot be refreshed; the
    fields are those of `claudeAiOauth`, in milliseconds, as Claude Code 2 writes them (checked 2026-11-21).
    """
    login = _object(_object(text).get("claudeAiOauth"))
    ends = seconds(_number(login.get("expiresAt")) / 1000)
    return None, ends or None, bool(login.get("refreshToken"))


def token_of_sso(text: str) -> tuple[str | None, float | None, bool]:
    """The same of a file in `~/.aws/sso/cache`: it is renewed as long as its client is registered.

    Source: botocore's tokens.py, which reads and writes it (checked 2026-11-21).
    """
    token = _object(text)
    ends, registered = moment(token.get("expiresAt")), moment(token.get("registrationExpiresAt"))
    if token.get("refreshToken") and registered is not None:
        return None, registered, False
    return None, ends, bool(token.get("refreshToken"))


def token_of_aws_login(text: str) -> tuple[str | None, float | None, bool]:
    """The same of a file in `~/.aws/login/cache`: a refresh token renews it."""
    token = _object(text)
    return None, moment(_object(token.get("accessToken")).get("expiresAt")), bool(token.get("refreshToken"))


def login_of_google(text: str) -> tuple[str | None, float | None, bool]:
    """The same of Application Default Credentials: they say no end, and can be those of a person or not.

    Source: Google Cloud documentation, "How Application Default Credentials works" (checked 2026-11-21).
    """
    kind = _object(text).get("type")
    return (None if isinstance(kind, str) else "holds no Google credentials"), None, True


def login_of_azure(text: str) -> tuple[str | None, float | None, bool]:
    """The same of `azureProfile.json`: without a subscription `az` is logged out.

    Source: Azure CLI documentation, "Azure CLI configuration" (learn.microsoft.com, checked 2026-11-21).
    """
    there = _object(text.removeprefix("\ufeff")).get("subscriptions")
    return (None if there else "holds no login"), None, True


def _object(found: object) -> Mapping[str, Any]:
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}


def _number(found: object) -> float:
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else 0.0
