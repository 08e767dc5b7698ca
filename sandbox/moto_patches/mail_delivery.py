"""What SNS would send by e-mail is kept in memory, for the command that shows it.

AWS: a message to a topic goes to every confirmed e-mail subscription whose filter lets it through; with
MessageStructure `json` the text is the `email` entry, or `default`. A subject has at most 100 characters.
Source: SNS API reference, Publish (checked 2026-11-21).

moto delivers to queues and functions and drops e-mail silently.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from sandbox.moto_patches import replace

MAILS_KEPT = 10_000  # the oldest are dropped: memory is bounded, and one command reads them at a time
_mails: deque[dict[str, str]] = deque(maxlen=MAILS_KEPT)
_lock = threading.Lock()


def apply() -> None:
    """Record each delivery to an e-mail subscription, and let moto do the rest."""
    from moto.sns.models import Subscription

    original = Subscription.publish

    def publish(subscription: Any, message: str, message_id: str, **details: Any) -> None:
        if subscription.protocol in ("email", "email-json") and _passes(subscription, message, details):
            _record(subscription, message, details)
        original(subscription, message, message_id, **details)

    replace(Subscription, "publish", publish)


def take_mails() -> list[dict[str, str]]:
    """The mails since the last call, oldest first: keys `to`, `subject`, `body`, `topic`."""
    with _lock:
        taken = list(_mails)
        _mails.clear()
    return taken


def _passes(subscription: Any, message: str, details: dict[str, Any]) -> bool:
    matcher = subscription._filter_policy_matcher
    return matcher is None or bool(matcher.matches(details.get("message_attributes"), message))


def _record(subscription: Any, message: str, details: dict[str, Any]) -> None:
    if details.get("message_structure") == "json":
        message = subscription._parse_message_structure(message, subscription.protocol)
    mail = {
        "to": subscription.endpoint,
        "subject": details.get("subject") or "AWS Notification Message",
        "body": message,
        "topic": subscription.topic_arn,
    }
    with _lock:
        _mails.append(mail)
