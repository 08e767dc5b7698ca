"""Ask the sandbox's server: its health, its own routes, and AWS clients that reach nothing else."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from keyplan.errors import Unreachable
from sandbox.isolation import CREDENTIALS, REGION_DEFAULT
from sandbox.server.record import ServerRecord

# Source: Resource Manager v1 discovery document, Project.projectId.
PROJECT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
HEALTH_TIMEOUT_SECONDS = 10.0  # a busy machine is no sandbox that hangs
REQUEST_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Health:
    """What a live server says about itself."""

    pid: int
    started: float  # epoch seconds
    most_memory_bytes: int  # that it ever used


def ask_health(record: ServerRecord) -> Health | None:
    """The health of exactly this server; None when nothing answers there, or another program does."""
    import hashlib

    connection = http.client.HTTPConnection("127.0.0.1", record.port, timeout=HEALTH_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/sandbox/health")
        said = json.loads(connection.getresponse().read())
        if said["instance_digest"] != hashlib.sha256(record.instance.encode()).hexdigest():
            return None
        return Health(int(said["pid"]), float(said["started"]), int(said["most_memory_bytes"]))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


class ServerClient:
    """Administrative requests over one kept connection; not for several threads at once."""

    def __init__(self, record: ServerRecord) -> None:
        self._record = record
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", record.port, timeout=REQUEST_TIMEOUT_SECONDS
        )

    def ask(self, route: str, **given: Any) -> dict[str, Any]:
        """POST to a route of sandbox.server.administration. Raises Unreachable unless it answers well."""
        headers = {"X-Keyplan-Sandbox": self._record.instance, "Content-Type": "application/json"}
        try:
            self._connection.request("POST", f"/sandbox/{route}", json.dumps(given), headers)
            response = self._connection.getresponse()
            body: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            raise Unreachable(
                f"the sandbox's server on port {self._record.port} stopped answering", "python -m sandbox up"
            ) from None
        if "problem" in body:
            raise Unreachable(f"nothing was done: {body['problem']}", "make room there, and run it again")
        if response.status != 200:
            raise Unreachable(
                f"the sandbox's server refused `{route}` ({response.status})", "python -m sandbox up"
            )
        return body


def ensure_google_projects(record: ServerRecord, projects: Iterable[str]) -> None:
    """See that the sandbox's Google Cloud has projects of these ids. What is no id is left to the program."""
    for project in projects:
        if PROJECT_ID.fullmatch(project):
            ServerClient(record).ask("google-project", project=project)


def aws_client(record: ServerRecord, service: str, region: str = REGION_DEFAULT) -> Any:
    """A boto3 client of the sandbox's cloud, whatever the environment says."""
    import boto3
    from botocore.config import Config

    settings = Config(
        retries={"max_attempts": 0},  # a failure of moto is not transient
        proxies={},
    )
    session = boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )
    return session.client(service, endpoint_url=record.url, config=settings)  # type: ignore[call-overload]
