"""Run any Pulumi command against the sandbox's cloud: `python -m sandbox pulumi preview -s dev --diff`.

The checkout's program and configuration are used as they are; state, history and selected stack are the
sandbox's own, so that your own Pulumi stays as it is. A stack that has a file in the checkout is created when
it is first named. The cloud is started if it is not running. After `up` of a stack its manifest is the one
that keyplan's commands find.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from keyplan.errors import EXIT_DONE, KeyplanError, UsageError
from sandbox.commands.up import start_server
from sandbox.engine_choice import PULUMI, choose
from sandbox.outputs import write_outputs
from sandbox.project import Project, find_project, one_at_a_time
from sandbox.pulumi_cli.command import hand_over
from sandbox.pulumi_cli.run import ensure_stack, resource_count, stack_outputs
from sandbox.pulumi_cli.workspace import Workspace, prepare
from sandbox.report import note

STACK_OPTIONS = ("-s", "--stack")
# What Pulumi would write into the copies of the stacks' files, which are made anew every time.
WRITES_CONFIGURATION = ("set", "set-all", "rm", "rm-all", "cp", "refresh", "env")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox pulumi`."""
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGUMENTS", help="as `pulumi` takes them"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return Pulumi's own exit code."""
    words: list[str] = arguments.arguments[1:] if arguments.arguments[:1] == ["--"] else arguments.arguments
    if not words:
        raise UsageError("which Pulumi command?", "python -m sandbox pulumi preview -s dev")
    if words[0] == "config" and set(words[1:]) & set(WRITES_CONFIGURATION):
        raise UsageError(
            "the sandbox reads the configuration from the checkout", "edit Pulumi.ENVIRONMENT.yaml"
        )
    project = find_project(Path.cwd())
    with one_at_a_time(project):
        record = start_server(project, 0)
        choice = choose(PULUMI, project, record, os.environ, note)
        assert choice.pulumi is not None  # noqa: S101  # it was asked for
        workspace = prepare(project, choice.pulumi, record)
        stack = stack_named(words)
        if stack is not None and (workspace.project_directory / f"Pulumi.{stack}.yaml").exists():
            ensure_stack(workspace, stack)
    code = hand_over(workspace, *words)
    if code == EXIT_DONE and words[0] in ("up", "update") and stack is not None:
        _show_to_keyplan(project, workspace, stack)
    return code


def stack_named(words: Sequence[str]) -> str | None:
    """The stack that a command line names; None when it leaves that to Pulumi's selection."""
    for word, following in zip(words, [*words[1:], None], strict=True):
        if word in STACK_OPTIONS:
            return following
        for option in STACK_OPTIONS:
            if word.startswith(f"{option}="):
                return word.removeprefix(f"{option}=")
    return None


def _show_to_keyplan(project: Project, workspace: Workspace, stack: str) -> None:
    """Keep the manifest where keyplan's commands look; a program without one is not keyplan's business."""
    outputs = stack_outputs(workspace, stack)
    try:
        write_outputs(project, outputs, resource_count(workspace, stack))
    except KeyplanError as error:
        note(f"warning: {error.message}")
        return
    note(f"keyplan's commands now act on {stack} in the sandbox (.keyplan/sandbox/manifest.json)")
