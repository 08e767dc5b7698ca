"""What a call of a function leaves in Cloud Logging, as entries. Pure.

Source: Cloud Run, "Logging and viewing logs" (a line of JSON becomes jsonPayload, its `severity` the
entry's); Cloud Scheduler, "View logs" (executions, AttemptFinished) (checked 2026-11-21).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

ATTEMPT = "type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished"
STEP = timedelta(milliseconds=1)  # between two lines of one run, so that they keep their order
# What Cloud Scheduler logs of a call that failed, by the status of the answer.
STATUSES = {403: "PERMISSION_DENIED", 404: "NOT_FOUND", 500: "INTERNAL"}

Entry = dict[str, Any]


def written_entries(function: dict[str, Any], lines: Iterable[str], at: datetime) -> Iterator[Entry]:
    """The lines that a function wrote. Args: function: as the API describes it."""
    _, project, _, location, _, name = function["name"].split("/")
    labels = {
        "project_id": project,
        "location": location,
        "service_name": name,
        "configuration_name": name,
        "revision_name": function["serviceConfig"].get("revision", name),
    }
    for number, line in enumerate(lines):
        yield {
            "logName": f"projects/{project}/logs/run.googleapis.com%2Fstdout",
            "resource": {"type": "cloud_run_revision", "labels": labels},
            "timestamp": stamp(at + STEP * number),
            **_payload(line),
        }


def attempt_entry(job: dict[str, Any], status: int, at: datetime) -> Entry:
    """What the scheduler says of a call. Args: status: of HTTP."""
    _, project, _, location, _, name = job["name"].split("/")
    failed = status not in range(200, 300)
    payload = {
        "@type": ATTEMPT,
        "jobName": job["name"],
        "targetType": "HTTP",
        "url": job["httpTarget"]["uri"],
    }
    return {
        "logName": f"projects/{project}/logs/cloudscheduler.googleapis.com%2Fexecutions",
        "resource": {
            "type": "cloud_scheduler_job",
            "labels": {"project_id": project, "location": location, "job_id": name},
        },
        "timestamp": stamp(at + timedelta(seconds=1)),
        "severity": "ERROR" if failed else "INFO",
        "httpRequest": {"status": status},
        "jsonPayload": payload | ({"status": STATUSES.get(status, "UNKNOWN")} if failed else {}),
    }


def stamp(at: datetime) -> str:
    """As Google writes a time."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _payload(line: str) -> Entry:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return {"severity": "DEFAULT", "textPayload": line}
    severity = str(said.pop("severity", "DEFAULT"))
    return {"severity": severity, "jsonPayload": said}
