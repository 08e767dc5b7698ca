"""JSON as every target prints it: two spaces, in the order that it was built in, ASCII."""

from __future__ import annotations

import json
from typing import Any


def render(document: dict[str, Any]) -> str:
    """Plain data as JSON text. ASCII only, so that no terminal or pipe can change a byte of it."""
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
