"""What SNS takes as an e-mail: a subject line and a text. Pure; packed into every archive that sends.

Source: SNS API reference, Publish: a subject has fewer than 100 characters, no line breaks and no control
characters; a message has at most 262,144 bytes (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SUBJECT_MAX = 99
BODY_MAX_BYTES = 262_144
_CUT = "\n(cut: the message was too long; `keyplan status` shows everything)\n"


@dataclass(frozen=True)
class Mail:
    """One message to one topic."""

    topic_arn: str
    subject: str
    body: str


def mail(topic_arn: str, subject: str, body: str) -> Mail:
    """A message inside SNS's limits: the subject in printable ASCII, both cut where they are too long."""
    return Mail(topic_arn, one_line(subject, SUBJECT_MAX), _cut(body))


def one_line(text: str, limit: int) -> str:
    """`text` in printable ASCII on one line, at most `limit` characters.

    Everything that a stranger chose, as the name of a program that read a secret, passes through here
    before it gets into a mail: no line of the mail can then be written by somebody else.
    """
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return plain if len(plain) <= limit else plain[: limit - 3] + "..."


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Lines of a label and its text, the texts below one another."""
    rows = list(rows)
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"  {label.ljust(width)}  {text}" for label, text in rows)


def count(number: int, thing: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _cut(body: str) -> str:
    encoded = body.encode()
    if len(encoded) <= BODY_MAX_BYTES:
        return body
    return encoded[: BODY_MAX_BYTES - len(_CUT.encode())].decode(errors="ignore") + _CUT
