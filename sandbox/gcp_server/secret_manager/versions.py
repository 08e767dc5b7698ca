"""What can be done with a secret's versions. Aliases and `latest` are for get and access alone."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import invalid, not_found, precondition
from sandbox.gcp_server.filters import compile_filter
from sandbox.gcp_server.paging import page
from sandbox.gcp_server.secret_manager import checks
from sandbox.gcp_server.secret_manager.checksum import crc32c
from sandbox.gcp_server.secret_manager.model import Secret, State, Version, next_etag
from sandbox.gcp_server.secret_manager.secrets import MOST_ON_A_PAGE, announce, check_etag

MOST_PAYLOAD_BYTES = 64 * 1024  # source: Secret Manager "Quotas and limits"
LATEST = "latest"


def add(call: Call, secret: Secret) -> dict[str, Any]:
    """AddSecretVersion. A checksum that is given must be the payload's."""
    given = call.body.get("payload") or {}
    content = _decoded(given.get("data"))
    if not content:
        raise invalid("Secret Payload cannot be empty.")
    if len(content) > MOST_PAYLOAD_BYTES:
        raise invalid("The secret payload is too large: it has at most 65536 bytes.")
    checksum, expected = crc32c(content), given.get("dataCrc32c")
    if expected is not None and str(expected) != str(checksum):
        raise invalid("The payload's checksum does not match the checksum that was given.")
    version = Version(
        number=len(secret.versions) + 1,
        payload=content,
        checksum=checksum,
        checksum_was_given=expected is not None,
        replication_status=checks.replication_status(secret.replication),
        created=times.now(),
    )
    secret.versions.append(version)
    announce(call.project, secret, "SECRET_VERSION_ADD")
    return version.shown(secret.name)


def _decoded(text: object) -> bytes:
    if text is None:
        return b""
    try:
        # Both alphabets are allowed in JSON. Source: ProtoJSON, "bytes".
        plain = str(text).replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Invalid value at 'payload.data' (TYPE_BYTES): Base64 decoding failed.") from None


def list_versions(call: Call, secret: Secret) -> dict[str, Any]:
    """ListSecretVersions: the newest first."""
    fits = compile_filter(call.ask("filter"), alone="name")
    bodies = [version.shown(secret.name) for version in reversed(secret.versions)]
    fitting = [body for body in bodies if fits(body)]
    shown, token = page(call, fitting, MOST_ON_A_PAGE)
    answer: dict[str, Any] = {"totalSize": len(fitting)}
    if shown:
        answer["versions"] = shown
    if token:
        answer["nextPageToken"] = token
    return answer


def get(call: Call, secret: Secret) -> dict[str, Any]:
    """GetSecretVersion."""
    return _find(secret, call.names["version"], by_alias=True).shown(secret.name)


def access(call: Call, secret: Secret) -> dict[str, Any]:
    """AccessSecretVersion: the value, where the version is enabled."""
    version = _find(secret, call.names["version"], by_alias=True)
    if version.state != "ENABLED" or version.payload is None:
        raise _wrong_state(secret, version)
    payload = {"data": base64.b64encode(version.payload).decode(), "dataCrc32c": str(version.checksum)}
    return {"name": f"{secret.name}/versions/{version.number}", "payload": payload}


def enable(call: Call, secret: Secret) -> dict[str, Any]:
    """EnableSecretVersion. One that was to be destroyed later stays."""
    return _move(call, secret, "ENABLED", "SECRET_VERSION_ENABLE")


def disable(call: Call, secret: Secret) -> dict[str, Any]:
    """DisableSecretVersion. One that was to be destroyed later stays."""
    return _move(call, secret, "DISABLED", "SECRET_VERSION_DISABLE")


def _move(call: Call, secret: Secret, state: State, event: str) -> dict[str, Any]:
    version = _changeable(call, secret)
    version.state, version.destruction, version.etag = state, None, next_etag()
    announce(call.project, secret, event)
    return version.shown(secret.name)


def destroy(call: Call, secret: Secret) -> dict[str, Any]:
    """DestroySecretVersion: at once, or after the secret's version_destroy_ttl and disabled until then."""
    version = _changeable(call, secret)
    now = times.now()
    if secret.version_destroy_ttl is None:
        version.destroy(now)
        announce(call.project, secret, "SECRET_VERSION_DESTROY")
    else:
        version.state, version.destruction = "DISABLED", now + secret.version_destroy_ttl
        announce(call.project, secret, "SECRET_VERSION_DESTROY_SCHEDULED")
    version.etag = next_etag()
    return version.shown(secret.name)


def _changeable(call: Call, secret: Secret) -> Version:
    version = _find(secret, call.names["version"], by_alias=False)
    check_etag(call.body.get("etag"), version.etag)
    if version.state == "DESTROYED":
        raise _wrong_state(secret, version)
    return version


def _find(secret: Secret, reference: str, *, by_alias: bool) -> Version:
    if by_alias and reference == LATEST:
        # The newest one whatever its state is: a disabled one hides those before it.
        if secret.versions:
            return secret.versions[-1]
        raise not_found(f"Secret [{secret.name}] not found or has no versions.")
    number = reference
    if by_alias and reference in secret.aliases:
        number = str(secret.aliases[reference])
    if number.isascii() and number.isdigit() and 1 <= int(number) <= len(secret.versions):
        return secret.versions[int(number) - 1]
    if not by_alias and not number.isdigit():
        raise invalid(f"The version {reference} is not a number: aliases are for reading.")
    raise not_found(f"Secret Version [{secret.name}/versions/{reference}] not found.")


def _wrong_state(secret: Secret, version: Version) -> Exception:
    return precondition(
        f"Secret Version [{secret.name}/versions/{version.number}] is in {version.state} state."
    )
