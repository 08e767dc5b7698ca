"""What an update that was killed left behind: its lock, and operations of which nobody knows how they ended.

Pulumi's own words for both are right for a cloud that many people share. Here one machine knows everything:
whether the process that holds the lock is alive, and whether what was being created exists.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sandbox.provider import Provider, ProviderError
from sandbox.provider.provider import configured
from sandbox.pulumi_cli import command
from sandbox.pulumi_cli.state import Operation, Resource, exported, operations_of, put_back, resources_of
from sandbox.pulumi_cli.workspace import Workspace
from sandbox.urns import name_of, type_of

Say = Callable[[str], None]
Settings = Mapping[str, Mapping[str, Any]]


def recover(workspace: Workspace, stack: str, settings: Settings, say: Say) -> None:
    """Make the stack ready for an update after one that was killed; does nothing after one that ended.

    Does nothing either while another update is under way: what that one is doing is no trace of a dead one,
    and Pulumi's own message about its lock is what the user needs.

    Args:
        settings: the providers', by cloud, to look for what was being created.
        say: takes lines that explain what was found and done.

    Raises: KeyplanError with Pulumi's words when that fails.
    """
    locks = _locks(workspace, stack)
    if any(_is_alive(_holder(lock)) for lock in locks):
        return
    for lock in locks:
        # One by one and not by `pulumi cancel`, which removes every lock, and so one that was taken just now.
        lock.unlink(missing_ok=True)
    if locks:
        say("the last update was killed while it held the stack's lock: the lock is removed")
    if not _may_be_pending(workspace, stack):
        return
    state = exported(workspace, stack)
    pending = operations_of(state)
    if not pending:
        return
    if any(_is_in_cloud(operation["resource"]) for operation in pending):
        say("the last update was killed; what it was doing at that moment:")
    created, found, others = _looked_up(pending, settings, say)
    state["deployment"]["resources"] = taken_in(resources_of(state), found, created)
    state["deployment"]["pending_operations"] = others
    put_back(workspace, stack, state)
    if others:
        refreshed = command.run(workspace, "refresh", "--yes", "--skip-preview", f"--stack={stack}")
        command.must("read the cloud", refreshed)


def taken_in(
    resources: list[Resource], found: Iterable[Resource], created: Mapping[str, Resource]
) -> list[Resource]:
    """The state's resources with those that were found; each after all that it needs, as Pulumi wants them.

    One that was made to replace another stands beside it; the other waits for its deletion, as it would have
    without the kill. What was deleted before its replacement gives its place away.

    Args:
        created: everything whose creation was under way, by URN: the components among it are taken in where
            something that was found belongs to them.
    """
    result = list(resources)
    places = {one["urn"]: place for place, one in enumerate(result) if not one.get("delete")}

    def take(resource: Resource) -> None:
        urn, parent = resource["urn"], resource.get("parent")
        if parent and parent not in places and parent in created:
            take(created[parent])
        if urn in places:
            old = result[places[urn]]
            if old.get("pendingReplacement"):
                result[places[urn]] = resource
                return
            if old.get("id") == resource.get("id"):
                return
            result[places[urn]] = {**old, "delete": True}
        places[urn] = len(result)
        result.append(resource)

    for resource in found:
        take(resource)
    return _each_after_what_it_needs(result)


def _each_after_what_it_needs(resources: list[Resource]) -> list[Resource]:
    """In their own order, but for what would come before something that it needs."""
    by_urn: dict[str, list[Resource]] = {}
    for resource in resources:
        by_urn.setdefault(resource["urn"], []).append(resource)
    result: list[Resource] = []
    placed: set[int] = set()

    def place(resource: Resource) -> None:
        if id(resource) in placed:
            return
        placed.add(id(resource))
        for urn in _needed(resource):
            for needed in by_urn.get(urn, ()):
                place(needed)
        result.append(resource)

    for resource in resources:
        place(resource)
    return result


def _needed(resource: Resource) -> list[str]:
    """The URNs of what has to stand before it. Source: GetAllDependencies of Pulumi (v3.259.0)."""
    of_properties = (resource.get("propertyDependencies") or {}).values()
    return [
        urn
        for urn in (
            str(resource.get("provider") or "").rpartition("::")[0],
            resource.get("parent"),
            resource.get("deletedWith"),
            *(resource.get("dependencies") or ()),
            *(urn for urns in of_properties for urn in urns or ()),
        )
        if urn
    ]


def _looked_up(
    pending: list[Operation], settings: Settings, say: Say
) -> tuple[dict[str, Resource], list[Resource], list[Operation]]:
    """What was being created, by URN; what of it exists; and the operations that were no creations."""
    provider = configured(settings)
    created = {one["resource"]["urn"]: one["resource"] for one in pending if one["type"] == "creating"}
    found = [resource for resource in created.values() if _exists(provider, resource, say)]
    others = [operation for operation in pending if operation["type"] != "creating"]
    for operation in others:
        name = name_of(operation["resource"]["urn"])
        say(f"  {operation['type']} {name}: how that ended is read from the cloud")
    return created, found, others


def _may_be_pending(workspace: Workspace, stack: str) -> bool:
    """Whether the stack's file mentions operations without an end; asking Pulumi takes longer."""
    files = list((workspace.state_directory / ".pulumi" / "stacks").glob(f"*/{stack}.json"))
    return len(files) != 1 or b'"pending_operations"' in files[0].read_bytes()


def _is_in_cloud(resource: Resource) -> bool:
    """Components and providers are not."""
    return bool(resource.get("custom")) and not type_of(resource["urn"]).startswith("pulumi:")


def _exists(provider: Provider, resource: Resource, say: Say) -> bool:
    """Whether the cloud has it; if so it is filled in as the cloud has it."""
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
    # Its inputs too: some take a call of their own, and the update has to see which one was never made.
    resource.update(id=state.id, inputs=state.inputs, outputs=state.outputs)
    return True


def _locks(workspace: Workspace, stack: str) -> list[Path]:
    return list((workspace.state_directory / ".pulumi" / "locks").glob(f"*/*/{stack}/*.json"))


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
