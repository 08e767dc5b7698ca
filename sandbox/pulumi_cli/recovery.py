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

from sandbox.project import write_private
from sandbox.provider import Provider, ProviderError
from sandbox.pulumi_cli import command
from sandbox.pulumi_cli.workspace import Workspace
from sandbox.urns import name_of, type_of

Operation = dict[str, Any]
Resource = dict[str, Any]


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
        command.must("remove the lock", command.run(workspace, "cancel", "--yes", f"--stack={stack}"))
        say("the last update was killed while it held the stack's lock: the lock is removed")
    if not _may_be_pending(workspace, stack):
        return
    exported = command.must("read the state", command.run(workspace, "stack", "export", f"--stack={stack}"))
    state = json.loads(exported.stdout)
    pending: list[Operation] = state["deployment"].get("pending_operations") or []
    if not pending:
        return
    if any(_is_in_cloud(operation["resource"]) for operation in pending):
        say("the last update was killed; what it was doing at that moment:")
    provider = Provider()
    provider.configure(settings)
    created = {one["resource"]["urn"]: one["resource"] for one in pending if one["type"] == "creating"}
    found = [resource for resource in created.values() if _exists(provider, resource, say)]
    others = [operation for operation in pending if operation["type"] != "creating"]
    for operation in others:
        name = name_of(operation["resource"]["urn"])
        say(f"  {operation['type']} {name}: how that ended is read from the cloud")
    state["deployment"]["resources"] = taken_in(state["deployment"].get("resources") or [], found, created)
    state["deployment"]["pending_operations"] = others
    _replace_state(workspace, stack, state)
    if others:
        refreshed = command.run(workspace, "refresh", "--yes", "--skip-preview", f"--stack={stack}")
        command.must("read the cloud", refreshed)


def taken_in(
    resources: list[Resource], found: list[Resource], created: Mapping[str, Resource]
) -> list[Resource]:
    """The state's resources with those that were found; each after its parents, as Pulumi wants them.

    Args:
        created: everything whose creation was under way, by URN: the components among it are taken in where
            something that was found belongs to them.
    """
    known = {resource["urn"] for resource in resources}
    result = list(resources)

    def take(resource: Resource) -> None:
        if resource["urn"] in known:
            return
        parent = resource.get("parent")
        if parent and parent not in known and parent in created:
            take(created[parent])
        known.add(resource["urn"])
        result.append(resource)

    for resource in found:
        take(resource)
    return result


def _may_be_pending(workspace: Workspace, stack: str) -> bool:
    """Whether the stack's file mentions operations without an end; asking Pulumi takes longer."""
    files = list((workspace.state_directory / ".pulumi" / "stacks").glob(f"*/{stack}.json"))
    return len(files) != 1 or b'"pending_operations"' in files[0].read_bytes()


def _is_in_cloud(resource: Resource) -> bool:
    """Components and providers are not."""
    return bool(resource.get("custom")) and not type_of(resource["urn"]).startswith("pulumi:")


def _exists(provider: Provider, resource: Resource, say: Callable[[str], None]) -> bool:
    """Whether the cloud has it; if so its id and outputs are filled in."""
    if not _is_in_cloud(resource):
        return False
    name = name_of(resource["urn"])
    try:
        state = provider.find(resource["type"], resource.get("inputs") or {})
    except ProviderError as error:
        say(f"  creating {name}: whether it exists cannot be told: {error.message}")
        return False
    if state is None:
        say(f"  creating {name}: it does not exist, and is made anew")
        return False
    say(f"  creating {name}: it exists, and belongs to the stack from now on")
    resource.update(id=state.id, outputs=state.outputs)
    return True


def _replace_state(workspace: Workspace, stack: str, state: Mapping[str, Any]) -> None:
    path = workspace.directory / "repaired.json"
    write_private(path, json.dumps(state))
    try:
        imported = command.run(workspace, "stack", "import", f"--stack={stack}", f"--file={path}")
        command.must("repair the state", imported)
    finally:
        path.unlink()


def _locks_of_the_dead(workspace: Workspace, stack: str) -> list[Path]:
    """The stack's locks whose process on this machine is gone; none while any other is held."""
    locks = list((workspace.state_directory / ".pulumi" / "locks").glob(f"*/*/{stack}/*.json"))
    return [] if any(_is_alive(_holder(lock)) for lock in locks) else locks


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
        status = Path(f"/proc/{holder['pid']}/stat").read_text(encoding="utf-8")
    except OSError:
        return _answers(holder["pid"])
    name, state = status.partition("(")[2].rpartition(") ")[::2]
    # A number that is used again belongs to another program; one that nobody has waited for yet is dead.
    return name.startswith("pulumi") and state[:1] not in "ZX"


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
