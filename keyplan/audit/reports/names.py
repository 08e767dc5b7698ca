"""How principals and secrets are written in short: what tells them apart, without what all have."""

from __future__ import annotations

import re

_HALF_CHARACTER = re.compile("[\ud800-\udfff\0]")


def short(arn: str) -> str:
    """`arn:aws:iam::111122223333:role/chat-api` -> `111122223333 role/chat-api`."""
    parts = arn.split(":", 5)
    return f"{parts[4]} {parts[5]}" if len(parts) == 6 else arn


def secret_name(arn: str) -> str:
    """`arn:aws:secretsmanager:…:secret:prod/anthropic-api-key-AbCdEf` -> `prod/anthropic-api-key-AbCdEf`."""
    return arn.rpartition(":")[2]


def sound(text: str) -> str:
    """Text that can be written as UTF-8: JSON may hold half a character (a lone surrogate), and NUL."""
    return _HALF_CHARACTER.sub("\ufffd", text)


def visible(text: str) -> str:
    """Text for a terminal: what would move its cursor, colour it or turn its direction is shown as U+FFFD."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
