"""Who an access token of Google's is of: for the annotation that says who stored a version.

The token goes to Google's own host only, in the body of a request, where no log has it. An identity that
Google does not name, as a federated one, is told as that and stops nothing.
Source: Google Identity, "tokeninfo" endpoint (checked 2026-11-21).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.http.exchange import HTTP_OK, NoAnswer
from keyplan.stores.gcp_sender import Sender

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_INFO_URL = "https://oauth2.googleapis.com/tokeninfo"  # noqa: S105  # an address
NOT_NAMED = "an identity that Google does not name"


def member_of(token: str, environ: Mapping[str, str], deadline: float, url: str = TOKEN_INFO_URL) -> str:
    """The member as IAM names it, `user:ada@example.com`, or NOT_NAMED."""
    from urllib.parse import urlencode

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"access_token": token}).encode()
    try:
        status, _, content = Sender(environ, deadline).send("POST", url, headers, body)
        email = json.loads(content).get("email") if status == HTTP_OK else None
    except (NoAnswer, ValueError, AttributeError):
        return NOT_NAMED
    if not isinstance(email, str) or not email.isprintable():
        return NOT_NAMED
    return f"{'serviceAccount' if email.endswith('.gserviceaccount.com') else 'user'}:{email}"
