"""AWS Signature Version 4 for one kind of request: a POST of a JSON body to `/`. Pure, standard library only.

Only what Secrets Manager's JSON protocol needs; everything else signs through botocore. A test compares the
result with botocore's own signer. Source: IAM User Guide, "Create a signed AWS API request" (2026-11-21).
"""

from __future__ import annotations

import hashlib
import hmac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials:
    """What signs a request. Nothing of it is ever printed."""

    __slots__ = ("access_key", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str | None = None) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token

    def __repr__(self) -> str:
        return "Credentials(hidden)"


def authorization(
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    *,
    region: str,
    service: str,
) -> str:
    """The Authorization header of a POST to `/`.

    Args:
        headers: every header to sign, with lower-case names; `host` and `x-amz-date` (as `20261121T083000Z`)
            are among them, and `x-amz-security-token` where the credentials have a token.
        body: the request's body.
        credentials: who signs.
        region: the region of the endpoint.
        service: the service's signing name, `secretsmanager`.
    """
    time_stamp = headers["x-amz-date"]
    scope = f"{time_stamp[:8]}/{region}/{service}/aws4_request"
    names = sorted(headers)
    signed_names = ";".join(names)
    canonical_headers = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
    canonical = f"POST\n/\n\n{canonical_headers}\n{signed_names}\n{hashlib.sha256(body).hexdigest()}"
    to_sign = f"{ALGORITHM}\n{time_stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + credentials.secret_key.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={signed_names}, Signature={signature}"
    )
