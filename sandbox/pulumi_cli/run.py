"""A whole update, preview or destruction of a stack by Pulumi's own engine; results as the builtin one's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from keyplan.errors import ChangedMeanwhile, KeyplanError
from sandbox.configuration import cloud_settings
from sandbox.pulumi_cli import command
from sandbox.pulumi_cli.events import Collected
from sandbox.pulumi_cli.recovery import recover
from sandbox.pulumi_cli.state import exported, resources_of
from sandbox.pulumi_cli.workspace import Workspace
from sandbox.result import Mode, Report, Result

# Components and Pulumi's own kinds are in no cloud.
CLOUD_TYPES = ("aws:", "gcp:")
LOCKED = "the stack is currently locked"
LAST_WORD = ("update failed", "preview failed", "destroy failed")


def run_stack(
    workspace: Workspace,
    stack: str,
    settings: Mapping[str, Mapping[str, Any]],
    mode: Mode = "up",
    report: Report | None = None,
    say: Callable[[str], None] = print,
) -> Result:
    """Bring a stack up, preview it or destroy it.

    Args:
        settings: the providers', by cloud, for what an update that was killed left behind.
        report: called for every resource when it is done.
        say: takes lines about what was found and put right before.

    Raises: ChangedMeanwhile when another update holds the stack's lock; KeyplanError with what failed;
        KeyboardInterrupt after Ctrl-C, with the engine ended in good order.
    """
    ensure_stack(workspace, stack)
    if mode != "preview":
        recover(workspace, stack, settings, say)
    arguments = {
        "up": ("up", "--yes", "--skip-preview"),
        "preview": ("preview",),
        "destroy": ("destroy", "--yes", "--skip-preview"),
    }[mode]
    collected = Collected(report, preview=mode == "preview")
    ended = command.follow(workspace, *arguments, f"--stack={stack}", on_event=collected.take)
    if ended.code:
        raise _failure(collected, ended)
    outputs = {} if mode == "preview" else stack_outputs(workspace, stack)
    return Result(outputs, collected.changes, collected.diagnostics)


def make_ready(workspace: Workspace, stack: str | None, say: Callable[[str], None]) -> None:
    """Put right what an update of the stack that was killed left behind, before a command changes the stack.

    Does nothing for a stack that is not there, or that the checkout does not describe.

    Args:
        stack: None for the selected one.
        say: takes lines about what was found and done.

    Raises: KeyplanError with Pulumi's words.
    """
    import yaml

    if stack is None:
        shown = command.run(workspace, "stack", "--show-name")
        if shown.code:
            return  # none is selected: the command says so, or asks
        stack = shown.stdout.strip()
    if not workspace.has_stack(stack) or stack not in workspace.described_stacks():
        return
    file = workspace.project_directory / f"Pulumi.{stack}.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in config.items()}
    recover(workspace, stack, cloud_settings(texts), say)


def ensure_stack(workspace: Workspace, stack: str) -> None:
    """Create the stack in the backend unless it is there. Raises: KeyplanError with Pulumi's words."""
    if workspace.has_stack(stack):
        return
    command.must(f"create the stack {stack}", command.run(workspace, "stack", "init", stack))


def selected_stack(workspace: Workspace) -> str:
    """The stack that a command acts on when it names none. Raises: KeyplanError with Pulumi's words."""
    ended = command.run(workspace, "stack", "--show-name")
    return command.must("say which stack is selected", ended).stdout.strip()


def stack_outputs(workspace: Workspace, stack: str) -> dict[str, Any]:
    """The program's exports; secrets are masked. Raises: KeyplanError with Pulumi's words."""
    ended = command.run(workspace, "stack", "output", "--json", f"--stack={stack}")
    command.must("read the stack's outputs", ended)
    outputs: dict[str, Any] = json.loads(ended.stdout)
    return outputs


def resource_count(workspace: Workspace, stack: str) -> int:
    """How many resources of the cloud the stack has. Raises: KeyplanError with Pulumi's words."""
    resources = resources_of(exported(workspace, stack))
    return sum(1 for resource in resources if resource["type"].startswith(CLOUD_TYPES))


def _failure(collected: Collected, ended: command.Ended) -> KeyplanError:
    words = command.words(ended)
    if LOCKED in words or any(LOCKED in error for error in collected.errors):
        return ChangedMeanwhile(
            next((error for error in collected.errors if LOCKED in error), words),
            "wait for the other update to end, then run this again",
        )
    told = [error for error in collected.errors if not error.endswith(LAST_WORD)]
    message = "\n".join([*collected.diagnostics, *told]) or words or f"pulumi ended with code {ended.code}"
    return KeyplanError(message)
