"""The archives run in a process that has nothing of this project: boto3 and what was packed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from components.aws.alarms.read_alarm import ReadAlarm, ReadAlarmArgs
from components.aws.alarms.reminders import RotationReminders, RotationRemindersArgs
from tests.components.catalogues import ACCOUNT
from tests.components.recording import record
from tests.reminders.compositions import ML, PLATFORM, one_key, secret_arns, zipped
from tests.reminders.conftest import Cloud, Mailbox

CALL = """
import json, sys
sys.path.insert(0, sys.argv[1])
from {module} import handle
assert not any(name.split(".")[0] in ("keyplan", "components", "pulumi") for name in sys.modules)
print(json.dumps(handle(json.load(sys.stdin), None)))
"""


def call(archive: bytes, module: str, event: dict[str, Any], cloud: Cloud, folder: Path) -> dict[str, Any]:
    """Unpack as Lambda does and call the handler, in a process that sees boto3 and the archive only."""
    zipfile.ZipFile(io.BytesIO(archive)).extractall(folder)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": cloud.address,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-I", "-c", CALL.format(module=module), str(folder)],
        input=json.dumps(event),
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_packed_reminder_runs_with_nothing_but_its_archive(
    cloud: Cloud, mailbox: Mailbox, tmp_path: Path
) -> None:
    arn = cloud.client("secretsmanager").create_secret(Name="prod/anthropic-api-key")["ARN"]
    topics = {address: mailbox.add(address) for address in (ML, PLATFORM)}
    made = one_key()
    found = record(
        lambda: RotationReminders(
            "prod-reminders", RotationRemindersArgs(made, ACCOUNT, {"anthropic": arn}, topics)
        )
    )
    event = {"source": "aws.events", "time": "2099-01-01T06:00:00Z"}
    answer = call(zipped(found, "prod-reminders"), "keyplan_functions.aws.value_age", event, cloud, tmp_path)
    assert answer == {"run": "daily", "keys": 1, "messages": 2}
    assert [address for address, _, _ in mailbox.take()] == [ML, PLATFORM]


def test_the_packed_read_alarm_runs_with_nothing_but_its_archive(
    cloud: Cloud, mailbox: Mailbox, tmp_path: Path
) -> None:
    topics = {address: mailbox.add(address) for address in (ML, PLATFORM)}
    made = one_key()
    args = ReadAlarmArgs(made, ACCOUNT, secret_arns(made), {}, topics)
    found = record(lambda: ReadAlarm("prod-read-alarm", args))
    event = {
        "source": "aws.secretsmanager",
        "detail": {
            "eventName": "GetSecretValue",
            "eventTime": "2026-11-20T14:03:05Z",
            "requestParameters": {"secretId": "prod/anthropic-api-key"},
            "userIdentity": {"type": "Root", "arn": "arn:aws:iam::123456789012:root"},
        },
    }
    answer = call(
        zipped(found, "prod-read-alarm"), "keyplan_functions.aws.read_alarm", event, cloud, tmp_path
    )
    assert answer == {"outcome": "told", "key": "anthropic", "messages": 2}
    assert [address for address, _, _ in mailbox.take()] == [ML, PLATFORM]
