"""What SNS takes as an e-mail: a subject line and a text. Pure; packed into every archive that sends.

Source: SNS API reference, Publish: a subject has fewer than 100 characters, no line breaks and no control
characters; a message has at most 262,144 bytes (checked 2026-11-21).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..text import one_line

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


def _cut(body: str) -> str:
    encoded = body.encode()
    if len(encoded) <= BODY_MAX_BYTES:
        return body
    return encoded[: BODY_MAX_BYTES - len(_CUT.encode())].decode(errors="ignore") + _CUT
