"""A copy of the project whose sandbox is run by Pulumi's real engine, and what its commands answer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox.pulumi_cli.find import Engine
from tests.end_to_end.project_copy import ProjectCopy, Ran

NO_RETRIES = Config(retries={"total_max_attempts": 1}, proxies={})
REGION = "eu-west-1"
WITHOUT_ASKING = ("--yes", "--skip-preview")
GROUPING = ("keyplan:", "pulumi:")  # components, providers and the stack: in no cloud


def give_engine(copy: ProjectCopy, engine: Engine) -> ProjectCopy:
    """Put the engine on the copy's PATH, and have its sandbox use it."""
    folder = copy.directory.parent / "bin"
    folder.mkdir()
    (folder / "pulumi").symlink_to(engine.binary)
    copy.environment |= {
        "PATH": os.pathsep.join((str(folder), copy.environment["PATH"])),
        "KEYPLAN_SANDBOX_ENGINE": "pulumi",
    }
    return copy


def pulumi(copy: ProjectCopy, *arguments: str, code: int = 0) -> Ran:
    """Run `python -m sandbox pulumi …`, which has to end with `code`."""
    ran = copy.sandbox("pulumi", *arguments)
    assert ran.code == code, ran.said
    return ran


def up(copy: ProjectCopy, stack: str, *arguments: str, code: int = 0) -> Ran:
    """`pulumi up` without questions."""
    return pulumi(copy, "up", f"--stack={stack}", *WITHOUT_ASKING, *arguments, code=code)


def planned(copy: ProjectCopy, stack: str) -> set[tuple[str, str]]:
    """What a preview would do: operation and `type name` of every resource that does not stay as it is."""
    steps = json.loads(pulumi(copy, "preview", f"--stack={stack}", "--json").stdout).get("steps") or []
    return {(step["op"], short(step["urn"])) for step in steps if step["op"] != "same"}


def done(ran: Ran) -> set[tuple[str, str]]:
    """What an update or a refresh that was run with --json did, in the same form."""
    events = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    metadata = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
    return {(one["op"], short(one["urn"])) for one in metadata if one["op"] not in ("same", "read")}


def short(urn: str) -> str:
    """`Secret prod-aws-anthropic-secret` for a whole URN."""
    kinds, name = urn.split("::")[2], urn.split("::", 3)[3]
    return f"{kinds.rsplit(':', 1)[1]} {name}"


def export(copy: ProjectCopy, stack: str) -> dict[str, Any]:
    """The stack's state."""
    document: dict[str, Any] = json.loads(pulumi(copy, "stack", "export", f"--stack={stack}").stdout)
    return document


def resources(copy: ProjectCopy, stack: str) -> dict[str, Mapping[str, Any]]:
    """The stack's resources by their short names."""
    return {short(one["urn"]): one for one in export(copy, stack)["deployment"].get("resources", [])}


def clients(copy: ProjectCopy, region: str = REGION) -> Callable[[str], Any]:
    """Service name -> boto3 client of the copy's running sandbox, whatever is built in it."""
    port = json.loads((copy.directory / ".keyplan/sandbox/server.json").read_text())["port"]
    return partial(_client, f"http://127.0.0.1:{port}", region)


@cache
def _client(endpoint: str, region: str, service: str) -> Any:
    """Making one takes long enough to miss what a test waits for."""
    make: Any = boto3.Session("test", "test", region_name=region).client
    return make(service, endpoint_url=endpoint, config=NO_RETRIES)


def workspace(copy: ProjectCopy) -> Path:
    """The folder that the engine works in."""
    return copy.directory / ".keyplan/sandbox/pulumi"
