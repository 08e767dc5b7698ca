"""Names of our own for what Google Cloud or Pulumi has to call something, made of longer texts. Pure."""

from __future__ import annotations

import hashlib
import re

_OUTSIDE = re.compile(r"[^a-z0-9]+")
_READABLE_CHARACTERS = 40
_DIGEST_CHARACTERS = 8


def slug(text: str) -> str:
    """`group:ml@example.com` -> `group-ml-example-com-3f2a9c1d`: readable, and one for each text."""
    readable = _OUTSIDE.sub("-", text.lower()).strip("-")[:_READABLE_CHARACTERS].rstrip("-")
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]}"


def fitted(name: str, maximum: int) -> str:
    """`name` where it fits, or else its start and a digest of all of it: at most `maximum` characters."""
    if len(name) <= maximum:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{name[: maximum - _DIGEST_CHARACTERS - 1].rstrip('-')}-{digest}"
