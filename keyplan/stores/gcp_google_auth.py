"""google-auth's requests for tokens, sent by the standard library. Imports google-auth: only where it is
needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.auth import exceptions
from google.auth.transport import Request, Response

from keyplan.http.exchange import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.stores.gcp_sender import Sender


class _Answer(Response):
    def __init__(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self._status, self._headers, self._data = status, headers, data

    @property
    def status(self) -> int:
        return self._status

    @property
    def headers(self) -> dict[str, str]:
        return self._headers

    @property
    def data(self) -> bytes:
        return self._data


class _Transport(Request):
    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_more: Any,
    ) -> _Answer:
        content = body.encode() if isinstance(body, str) else body
        try:
            return _Answer(*self._sender.send(method, url, dict(headers or {}), content))
        except NoAnswer as failure:
            error: Any = exceptions.TransportError  # typed in part only
            raise error(failure.words) from None


def transport(sender: Sender) -> Any:
    """What google-auth's credentials call to get a token."""
    return _Transport(sender)
