"""What an update that was killed left behind: its lock, and operations of which nobody knows how they ended.

Pulumi's own words for both are right for a cloud that many people share. Here one machine knows everything:
whether the process that holds the lock is alive, and whether what was being created exists.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from keyplan.errors import KeyplanError
from sandbox.pulumi_cli import command
from sandbox.pulumi_cli.workspace import Workspace


def recover(
    workspace: Workspace, stack: str, settings: Mapping[str, Any], say: Callable[[str], None]
) -> None:
    """Make the stack ready for an update after one that was killed; does nothing after one that ended.

    Args:
        settings: the AWS provider's, to look for what was being created.
        say: takes lines that explain what was found and done.

    Raises: KeyplanError with Pulumi's words when that fails.
    """
    if _locks_of_the_dead(workspace, stack):
        _must(command.run(workspace, "cancel", "--yes", f"--stack={stack}"), "removing the lock")
        say("the last update was killed while it held the stack's lock: the lock is removed")
    pending = pending_operations(workspace, stack)
    if not pending:
        return
    say(f"the last update was killed in the middle of {len(pending)} operations; looking at what they did:")
    found = _found(pending, settings, say)
    arguments = [part for urn, id_ in found.items() for part in _import_argument(urn, id_)]
    ended = command.run(
        workspace,
        "refresh",
        "--yes",
        "--skip-preview",
        "--clear-pending-creates",
        f"--stack={stack}",
        *arguments,
    )
    _must(ended, "taking stock")


def pending_operations(workspace: Workspace, stack: str) -> list[dict[str, Any]]:
    """The operations that a killed update had begun and not ended: {type, resource}."""
    exported = command.run(workspace, "stack", "export", f"--stack={stack}")
    _must(exported, "reading the state")
    operations = json.loads(exported.stdout)["deployment"].get("pending_operations") or []
    return list(operations)


def _found(
    pending: list[dict[str, Any]], settings: Mapping[str, Any], say: Callable[[str], None]
) -> dict[str, str]:
    """URN -> id of what was created although nobody noted it."""
    from sandbox.provider import Provider

    provider = Provider()
    provider.configure(settings)
    found: dict[str, str] = {}
    for operation in pending:
        resource = operation["resource"]
        urn, kind = resource["urn"], resource["type"]
        name = urn.split("::", 3)[3]
        if operation["type"] != "creating":
            say(f"  {operation['type']} {name}: its state is read from the cloud")
            continue
        state = provider.find(kind, resource.get("inputs") or {}) if resource.get("custom") else None
        if state is None:
            say(f"  creating {name}: it does not exist, and will be created")
        else:
            say(f"  creating {name}: it exists, and belongs to the stack from now on")
            found[urn] = state.id
    return found


def _import_argument(urn: str, id_: str) -> tuple[str, ...]:
    return ("--import-pending-creates", urn, "--import-pending-creates", id_)


def _locks_of_the_dead(workspace: Workspace, stack: str) -> list[Path]:
    """The stack's locks whose process on this machine is gone; none while any other is held."""
    locks = list((workspace.state_directory / ".pulumi" / "locks").glob(f"*/*/{stack}/*.json"))
    holders = [_holder(lock) for lock in locks]
    return locks if locks and not any(_is_alive(holder) for holder in holders) else []


def _holder(lock: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        content = json.loads(lock.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            return content
    return {}


def _is_alive(holder: Mapping[str, Any]) -> bool:
    """Whether the process may still run: one of another machine, or one that cannot be read, may."""
    if holder.get("hostname") != socket.gethostname() or not isinstance(holder.get("pid"), int):
        return True
    try:
        name = Path(f"/proc/{holder['pid']}/comm").read_text(encoding="utf-8")
    except OSError:
        return _answers(holder["pid"])
    # A number that is used again belongs to another program.
    return name.startswith("pulumi")


def _answers(pid: int) -> bool:
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _must(ended: command.Ended, doing: str) -> None:
    if ended.code:
        raise KeyplanError(f"{doing} failed; Pulumi says:\n{(ended.stderr or ended.stdout).strip()}")
