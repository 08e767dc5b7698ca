"""An access token of Google Cloud, however it was found."""

from __future__ import annotations

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Access:
    """An access token, and who it is of where that is known without asking anybody."""

    __slots__ = ("member", "token")

    def __init__(self, token: str, member: str | None = None) -> None:
        self.token = token
        self.member = member  # as IAM names it: `user:ada@example.com`
