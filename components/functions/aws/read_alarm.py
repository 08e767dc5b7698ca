"""The function ENV-keyplan-read-alarm: mails the owners when somebody who is not listed reads a key.

An EventBridge rule passes it CloudTrail's records of GetSecretValue for this environment's secrets; the rule
filters by prefix, the function decides exactly. It has no permission to read a value. CloudTrail delivers
within minutes, and at least once.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .read_events import Read, Watched, read_of
from .read_mail import read_mails

SETTINGS_FILE = Path(__file__).with_name("settings.json")
QUIET = timedelta(hours=1)  # between two messages about the same caller, key and outcome
REMEMBERED = 1_000  # callers; beyond that the memory starts anew, which can only repeat a message
LOGGER = logging.getLogger(__name__)
LOGGER.setLevel(logging.INFO)


@dataclass(frozen=True)
class Settings:
    """settings.json: what the environment's catalogue says, as of the last deployment."""

    environment: str
    owner_topic: str  # ARN of the environment's owner's topic
    keys: tuple[Watched, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """Read the document that components/aws/alarms/read_alarm_plan.py writes."""
        return cls(
            environment=data["environment"],
            owner_topic=data["ownerTopic"],
            keys=tuple(Watched.from_json(entry) for entry in data["keys"]),
        )


@dataclass
class Memory:
    """What was said lately, so that a program that reads in a loop is one message an hour.

    It lives as long as Lambda keeps the process: a new process repeats a message, and never drops one.
    """

    said: dict[tuple[str, str, bool], datetime] = field(default_factory=dict)
    unsaid: dict[tuple[str, str, bool], int] = field(default_factory=dict)

    def is_quiet(self, read: Read) -> bool:
        """Whether the same was said within the last hour."""
        last = self.said.get(_topic_of(read))
        return last is not None and last <= read.at < last + QUIET

    def skip(self, read: Read) -> None:
        """Count a read that is not mentioned now."""
        self.unsaid[_topic_of(read)] = self.unsaid.get(_topic_of(read), 0) + 1

    def remember(self, read: Read) -> None:
        """Note that the owners were told."""
        if len(self.said) >= REMEMBERED:
            self.said.clear()
            self.unsaid.clear()
        self.said[_topic_of(read)] = read.at
        self.unsaid.pop(_topic_of(read), None)


def _topic_of(read: Read) -> tuple[str, str, bool]:
    return read.key.name, read.caller.principal, read.denied


_MEMORY = Memory()


class UndeliveredError(RuntimeError):
    """SNS did not take a message; Lambda runs the event again."""


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Lambda's entry."""
    settings = Settings.from_json(json.loads(SETTINGS_FILE.read_text(encoding="utf-8")))
    config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=10)
    return run(event, settings, boto3.client("sns", config=config), _MEMORY)


def run(event: Mapping[str, Any], settings: Settings, topics: Any, memory: Memory) -> dict[str, Any]:
    """Decide about one event, and mail the owners when the caller is not listed.

    Returns:
        `outcome` (unrelated, expected, quiet or told), `key` (a name, or none) and `messages`.

    Raises:
        UndeliveredError: a message could not be sent; the others were.
    """
    read = read_of(event.get("detail") or {}, settings.keys)
    if read is None:
        return {"outcome": "unrelated", "key": None, "messages": 0}
    if read.expected:
        return {"outcome": "expected", "key": read.key.name, "messages": 0}
    if memory.is_quiet(read):
        memory.skip(read)
        return {"outcome": "quiet", "key": read.key.name, "messages": 0}
    mails = read_mails(
        settings.environment, settings.owner_topic, read, memory.unsaid.get(_topic_of(read), 0)
    )
    failed = 0
    for one in mails:
        try:
            topics.publish(TopicArn=one.topic_arn, Subject=one.subject, Message=one.body)
        except (ClientError, BotoCoreError) as error:
            failed += 1
            LOGGER.error("%s: %s", one.topic_arn, type(error).__name__)
    if failed:
        raise UndeliveredError(f"{failed} of {len(mails)} messages were not taken by SNS")
    memory.remember(read)
    LOGGER.info(json.dumps({"outcome": "told", "key": read.key.name, "event": read.event_id}))
    return {"outcome": "told", "key": read.key.name, "messages": len(mails)}
