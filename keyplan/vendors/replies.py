"""Reading what vendors reply: JSON that may be anything. Pure.

Nothing here keeps a vendor's text: what comes out is keyplan's own words or a checked token.
"""

from __future__ import annotations

import json
import re

from keyplan.vendors.verdicts import Answer, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from keyplan.vendors.verdicts import Reply

# Ids as vendors write them; anything else in their place is not repeated.
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def json_object(content: bytes) -> dict[str, Any] | None:
    """The content where it is a JSON object."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def an_id(text: object) -> str | None:
    """The text where it has the form of an id."""
    return text if isinstance(text, str) and _ID.fullmatch(text) else None


def is_list_of_models(reply: Reply) -> bool:
    """Whether it is what `GET /v1/models` answers: a JSON object with a list called `data`.

    Source: Claude API reference, "List Models" (platform.claude.com/docs/en/api/models/list, checked
    2026-11-21); gateways such as LiteLLM answer OpenAI's shape, which has the same list.
    """
    document = json_object(reply.content)
    return document is not None and isinstance(document.get("data"), list)


def beyond(reply: Reply, who: str) -> Answer:
    """The answer for a reply that says nothing about the value."""
    if 300 <= reply.status < 400:
        words = f"{who} sends requests elsewhere (HTTP {reply.status}); a value is never sent after that"
    elif reply.status >= 500:
        words = f"{who} cannot answer now (HTTP {reply.status})"
    elif reply.status == 200:
        words = f"the answer (HTTP 200) is not what {who} answers: is there a proxy or a login page between?"
    else:
        words = f"the answer (HTTP {reply.status}) is not one that tells whether the value is alive"
    return Answer(Verdict.UNKNOWN, words)
