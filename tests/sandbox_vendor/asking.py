"""Asking a vendor over HTTP with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

VERSION = "2026-10-21"
OLD_VERSION = "2023-06-01"


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> str:
        return str(self.body["error"]["type"])


def ask(
    url: str,
    path: str,
    key: str | None = None,
    *,
    bearer: bool = False,
    version: str | None = VERSION,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    **query: Any,
) -> Reply:
    """One request over a connection of its own. POST where there is a body."""
    sent = {**({"anthropic-version": version} if version else {}), **(headers or {})}
    if key is not None:
        sent.update({"authorization": f"Bearer {key}"} if bearer else {"x-api-key": key})
    target = urlsplit(url)
    text = f"?{urlencode(query, doseq=True)}" if query else ""
    connection = http.client.HTTPConnection("127.0.0.1", target.port or 80, timeout=20)
    try:
        method = "GET" if body is None else "POST"
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        connection.request(method, f"{target.path}{path}{text}", content, sent)
        response = connection.getresponse()
        read = response.read()
        kind = response.headers.get("content-type", "")
        answer = json.loads(read) if kind == "application/json" else read
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, answer)
    finally:
        connection.close()
