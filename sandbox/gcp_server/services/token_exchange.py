"""Security Token Service: a token of another issuer becomes a credential of a federated identity.

What a provider says is carried out: issuer, audience, mapping, condition and the times in the token. Its
signature is not: the sandbox has no way to the issuer's keys, so that anybody can write one.
Source: sts v1 discovery document; RFC 8693; IAM "Workload Identity Federation" (checked 2026-11-21).
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs

from sandbox.gcp_server import times
from sandbox.gcp_server.access import cel
from sandbox.gcp_server.access.identity import Identity, write_token
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import GoogleError
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.schemas import check_request

SERVICE = "sts.googleapis.com"
AUDIENCE = re.compile(
    r"//iam\.googleapis\.com/projects/([^/]+)/(locations/global/workloadIdentityPools/[^/]+)/(providers/[^/]+)"
)
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
TOKEN_TYPES = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")
LONGEST_SECONDS = 24 * 3600  # between iat and exp; source: sts v1, subjectToken
MOST_SUBJECT_BYTES = 127
LIFETIME_SECONDS = 3599
FIELDS = ("grantType", "audience", "scope", "requestedTokenType", "subjectToken", "subjectTokenType")
Claims = dict[str, Any]


class TokenError(GoogleError):
    """A refusal in OAuth's shape."""

    def __init__(self, kind: str, description: str) -> None:
        super().__init__("INVALID_ARGUMENT", description)
        self.kind = kind

    def body(self) -> dict[str, Any]:
        return {"error": self.kind, "error_description": self.message}


def _exchange(call: Call) -> dict[str, Any]:
    given = _given(call)
    if given["grantType"] != EXCHANGE:
        raise TokenError("unsupported_grant_type", "The grant type is not supported.")
    if given["requestedTokenType"] != ACCESS_TOKEN:
        raise TokenError("invalid_request", "The requested token type is not supported.")
    if given["subjectTokenType"] not in TOKEN_TYPES:
        raise TokenError("invalid_request", "keyplan's sandbox takes tokens of the types jwt and id_token")
    pool, provider = _provider(call, given["audience"])
    claims = _claims(given["subjectToken"])
    _check_claims(claims, provider, given["audience"])
    identity = _identity(pool, provider, claims)
    return {
        "access_token": write_token(identity),
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
    }


def _given(call: Call) -> dict[str, str]:
    """The request's fields: JSON in camel case, or a form in snake case, as OAuth clients send it."""
    if "x-www-form-urlencoded" in call.content_type:
        form = parse_qs(call.content.decode("utf-8", "replace"))
        return {field: (form.get(_snake(field)) or [""])[0] for field in FIELDS}
    body = call.body
    check_request(SERVICE, "GoogleIdentityStsV1ExchangeTokenRequest", body)
    return {field: str(body.get(field) or "") for field in FIELDS}


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: "_" + match.group(1).lower(), name)


def _provider(call: Call, audience: str) -> tuple[str, dict[str, Any]]:
    match = AUDIENCE.fullmatch(audience)
    project = call.world.find_project(match.group(1)) if match else None
    if match is None or project is None:
        raise TokenError("invalid_request", 'Invalid value for "audience".')
    key = f"projects/{project.project_id}/{match.group(2)}"
    pool, provider = call.world.records.get(key), call.world.records.get(f"{key}/{match.group(3)}")
    for record in (pool, provider):
        if record is None or record.get("disabled") or record.get("state") != "ACTIVE":
            raise TokenError(
                "invalid_target",
                'The target service indicated by the "audience" parameters is invalid. This might either be '
                "because the pool or provider is disabled or deleted or because it doesn't exist.",
            )
    assert provider is not None  # noqa: S101  # both were looked at
    return f"//iam.googleapis.com/projects/{project.number}/{match.group(2)}", provider


def _claims(token: str) -> Claims:
    parts = token.split(".")
    try:
        if len(parts) == 3:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
            if isinstance(claims, dict):
                return claims
    except ValueError:
        pass
    raise TokenError("invalid_grant", "Unable to parse the ID Token.")


def _check_claims(claims: Claims, provider: dict[str, Any], audience: str) -> None:
    oidc = provider.get("oidc")
    if oidc is None:
        raise TokenError("invalid_request", "keyplan's sandbox exchanges tokens of OIDC providers alone")
    issuer = claims.get("iss")
    if issuer != oidc.get("issuerUri"):
        raise TokenError("invalid_grant", "The issuer in ID Token does not match the expected ones.")
    # Where a provider names no audience, it is the provider itself, with or without the scheme.
    allowed = oidc.get("allowedAudiences") or [audience, f"https:{audience}"]
    audiences = claims.get("aud")
    if not set(audiences if isinstance(audiences, list) else [audiences]) & set(allowed):
        raise TokenError("invalid_grant", "The audience in ID Token does not match the expected audience.")
    starts, ends, now = claims.get("iat"), claims.get("exp"), times.now().timestamp()
    if not isinstance(starts, int | float) or not isinstance(ends, int | float):
        raise TokenError("invalid_grant", "The ID Token needs the claims iat and exp.")
    if ends <= now:
        raise TokenError("invalid_grant", "ID Token is expired.")
    if starts > now + 60 or ends - starts > LONGEST_SECONDS:
        raise TokenError("invalid_grant", "The ID Token's lifetime is not accepted.")


def _identity(pool: str, provider: dict[str, Any], claims: Claims) -> Identity:
    google: dict[str, Any] = {}
    attributes: dict[str, str] = {}
    for target, expression in sorted((provider.get("attributeMapping") or {}).items()):
        value = _mapped(target, expression, claims)
        space, _, name = target.partition(".")
        if space == "google":
            google[name] = value
        else:
            attributes[name] = str(value)
    subject = google["subject"]
    if not subject or len(subject.encode()) > MOST_SUBJECT_BYTES:
        raise TokenError("invalid_grant", f"The google.subject has 1 to {MOST_SUBJECT_BYTES} bytes.")
    _check_condition(provider.get("attributeCondition"), claims, google, attributes)
    groups = frozenset(google.get("groups") or [])
    return Identity(f"principal:{pool}/subject/{subject}", groups, attributes)


def _mapped(target: str, expression: str, claims: Claims) -> Any:
    try:
        value = cel.compile_expression(expression)({"assertion": claims})
    except cel.NotUnderstood as error:
        raise TokenError(
            "invalid_grant", f"The mapping of {target} could not be evaluated: {error}"
        ) from None
    if target == "google.groups":
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        raise TokenError("invalid_grant", f"The mapped attribute '{target}' must be a list of strings.")
    if not isinstance(value, str):
        raise TokenError("invalid_grant", f"The mapped attribute '{target}' must be of type STRING.")
    return value


def _check_condition(
    condition: str | None, claims: Claims, google: dict[str, Any], attributes: dict[str, str]
) -> None:
    if not condition:
        return
    names = {"assertion": claims, "google": google, "attribute": attributes}
    reason = ""
    try:
        if cel.compile_expression(condition)(names) is True:
            return
    except cel.NotUnderstood as error:
        reason = f" keyplan's sandbox could not evaluate it: {error}."
    raise TokenError(
        "unauthorized_client", f"The given credential is rejected by the attribute condition.{reason}"
    )


def routes() -> list[Route]:
    """The route of the token exchange."""
    return [Route("POST", "/v1/token", _exchange, SERVICE, open_to_all=True)]
