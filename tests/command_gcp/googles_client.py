"""What a program gets that reads with Google's own client. It takes a second to load."""

from __future__ import annotations

from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceRestTransport,
)

from tests.command_gcp.google import Google


class Member(AnonymousCredentials):
    """A member of the sandbox, for Google's own client."""

    def __init__(self, member: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth is typed in part
        self.token = f"sandbox:{member}"

    def before_request(self, request: Any, method: str, url: str, headers: dict[str, str]) -> None:
        headers["authorization"] = f"Bearer {self.token}"


def read_by(member: str, google: Google, secret: str) -> str:
    """What Google's own client reads of `current`."""
    transport = SecretManagerServiceRestTransport(
        host=f"127.0.0.1:{google.port}", url_scheme="http", credentials=Member(member)
    )
    client = SecretManagerServiceClient(transport=transport)
    name = f"projects/keyplan-sandbox/secrets/{secret}/versions/current"
    return client.access_secret_version(name=name).payload.data.decode()
