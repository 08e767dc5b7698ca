"""Pages of a list: a size, and a token that says where the next one begins."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import invalid


def page(call: Call, items: Sequence[Any], most: int) -> tuple[list[Any], str]:
    """The page that the request asks for, and the next one's token ("" after the last).

    Args:
        most: how many a page has when none, or more, are asked for.
    """
    size_text, token = call.ask("pageSize") or call.ask("maxResults"), call.ask("pageToken")
    size = int(size_text) if size_text.lstrip("-").isdigit() else 0
    if size < 0:
        raise invalid("Page size must not be negative.")
    size = min(size or most, most)
    start = _start(token)
    rest = items[start : start + size]
    following = start + size
    return list(rest), _token(following) if following < len(items) else ""


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"from:{start}".encode()).decode()


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
        if word == "from":
            return int(number)
    except ValueError:
        pass
    raise invalid("Page token is invalid.")
