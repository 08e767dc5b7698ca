"""A stack's state as Pulumi exports and imports it: what it recorded, and what it was doing when it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.project import write_private
from sandbox.pulumi_cli import command
from sandbox.pulumi_cli.workspace import Workspace

State = dict[str, Any]
Resource = dict[str, Any]
Operation = dict[str, Any]


def exported(workspace: Workspace, stack: str) -> State:
    """The whole state. Raises: KeyplanError with Pulumi's words."""
    ended = command.run(workspace, "stack", "export", f"--stack={stack}")
    state: State = json.loads(command.must("read the state", ended).stdout)
    return state


def resources_of(state: Mapping[str, Any]) -> list[Resource]:
    """What it recorded, in its order: everything after what it needs."""
    return state["deployment"].get("resources") or []


def operations_of(state: Mapping[str, Any]) -> list[Operation]:
    """What was begun and has no recorded end."""
    return state["deployment"].get("pending_operations") or []


def put_back(workspace: Workspace, stack: str, state: Mapping[str, Any]) -> None:
    """Replace the whole state. Raises: KeyplanError with Pulumi's words."""
    path = workspace.directory / "repaired.json"
    write_private(path, json.dumps(state))
    try:
        imported = command.run(workspace, "stack", "import", f"--stack={stack}", f"--file={path}")
        command.must("repair the state", imported)
    finally:
        path.unlink()
