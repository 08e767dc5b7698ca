"""The reminder components as an environment composes them, for the tests that record or run them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pulumi

from components.aws.alarms.notifications import OwnerTopics, OwnerTopicsArgs
from components.aws.alarms.read_alarm import ReadAlarm, ReadAlarmArgs
from components.aws.alarms.reminders import RotationReminders, RotationRemindersArgs, owners
from components.aws.tags import tags
from keyplan.catalogue import Catalogue, ReminderMode, RoleSettings, Runtime
from tests.components.catalogues import ACCOUNT, catalogue, consumer, key
from tests.components.recording import Recording, record

ML, PLATFORM = "ml@example.com", "platform@example.com"


def of_kind(found: Recording, kind: str) -> dict[str, dict[str, Any]]:
    """Name to inputs of the resources of one type."""
    return {each.name: each.inputs for each in found.of(kind)}


def secret_arn(secret_name: str) -> str:
    return f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{secret_name}-AbCdEf"


def secret_arns(made: Catalogue) -> dict[str, str]:
    return {name: secret_arn(each.secret_name) for name, each in made.keys.items()}


def build(made: Catalogue) -> Recording:
    """The three components as an environment composes them."""

    def program() -> None:
        topics = OwnerTopics(
            "prod-owners", OwnerTopicsArgs("prod", ACCOUNT, owners(made), tags("prod", PLATFORM))
        )
        RotationReminders(
            "prod-reminders", RotationRemindersArgs(made, ACCOUNT, secret_arns(made), topics.arns)
        )
        readers = {name: ["arn:aws:iam::123456789012:role/prod-chat-api-reader"] for name in made.keys}
        ReadAlarm("prod-read-alarm", ReadAlarmArgs(made, ACCOUNT, secret_arns(made), readers, topics.arns))

    return record(program)


def one_key(mode: ReminderMode = ReminderMode.PER_KEY) -> Catalogue:
    reader = consumer("chat-api", Runtime.LAMBDA, RoleSettings(None))
    return catalogue([key("anthropic", owner=ML)], [reader], reminders=mode)


def zipped(found: Recording, name: str) -> bytes:
    code = of_kind(found, "aws:lambda/function:Function")[f"{name}-function"]["code"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, asset in code.assets.items():
            text = asset.text if isinstance(asset, pulumi.StringAsset) else Path(asset.path).read_text()
            archive.writestr(path, text)
    return packed.getvalue()
