"""Run any Pulumi command against the sandbox's cloud: `python -m sandbox pulumi preview -s dev --diff`.

The checkout's program and configuration are used as they are; state, history and selected stack are the
sandbox's own, so that your own Pulumi stays as it is. A stack that has a file in the checkout is created when
it is first named. The cloud is started if it is not running. After `up` of a stack its manifest is the one
that keyplan's commands find, until `destroy` of it. Mistakes in the stack's catalogue are told, with their
lines, before anything is started. An engine has to be there already: `python -m sandbox engine --obtain`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from keyplan.errors import EXIT_DONE, EXIT_INTERRUPTED, KeyplanError, UsageError
from sandbox.commands.up import start_server
from sandbox.engine_choice import PULUMI, stay_with
from sandbox.isolation import REGION_DEFAULT
from sandbox.outputs import read_manifest, remove_outputs, write_outputs
from sandbox.project import Project, find_project, one_at_a_time
from sandbox.pulumi_cli.command import hand_over
from sandbox.pulumi_cli.find import Engine, require_engine
from sandbox.pulumi_cli.known import known_engines
from sandbox.pulumi_cli.run import ensure_stack, make_ready, resource_count, selected_stack, stack_outputs
from sandbox.pulumi_cli.workspace import Workspace, directory_of, prepare
from sandbox.report import count, note
from sandbox.server.lifecycle import find_server

STACK_OPTIONS = ("-s", "--stack")
BRINGS_UP, TAKES_DOWN, PREVIEWS = ("up", "update"), ("destroy", "down", "dn"), ("preview", "pre")
CHANGES_CLOUD = (*BRINGS_UP, *TAKES_DOWN, "refresh")
HELP = frozenset({"-h", "--help"})
# Pulumi's history keeps the configuration that they had, mistakes and all.
TAKES_CONFIGURATION = (*BRINGS_UP, *PREVIEWS, "refresh", "import", "watch")
DOES_NOTHING = HELP | {"--preview-only"}
# What Pulumi would write into the copies of the stacks' files, which are made anew every time.
WRITES_CONFIGURATION = ("set", "set-all", "rm", "rm-all", "cp", "refresh", "env")
# With these it would read a project or a configuration that knows nothing of the emulator's address.
LEADS_ELSEWHERE = ("-C", "--cwd", "--config-file")
# Options before the command that stand alone; each other one takes the word after it.
# Source: `pulumi --help` of v3.259.0 (checked 2026-11-21).
SWITCHES = frozenset(
    {
        *("--disable-integrity-checking", "--logflow", "--logtostderr", "--non-interactive", "--version"),
        *("-e", "--emoji", "-h", "--help", "-Q", "--fully-qualify-stack-names"),
    }
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox pulumi`."""
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGUMENTS", help="as `pulumi` takes them"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return Pulumi's own exit code."""
    words: list[str] = arguments.arguments[1:] if arguments.arguments[:1] == ["--"] else arguments.arguments
    command = command_in(words)
    _require_what_the_sandbox_can(words, command)
    project = find_project(Path.cwd())
    with one_at_a_time(project):
        workspace, named = _ready(project, words, command)
        if command in CHANGES_CLOUD and not DOES_NOTHING & set(words):
            make_ready(workspace, named, note)
    ended = hand_over(workspace, *words)
    if ended.code == EXIT_DONE and command in (*BRINGS_UP, *TAKES_DOWN) and not DOES_NOTHING & set(words):
        stack = named or selected_stack(workspace)
        if command in TAKES_DOWN:
            return taken_down(project, workspace, stack, interrupted=ended.interrupted)
        _show_to_keyplan(project, workspace, stack)
    return ended.code


def _require_what_the_sandbox_can(words: Sequence[str], command: str | None) -> None:
    """Raises: UsageError for no words at all, and for those that would act on something else."""
    if not words:
        raise UsageError("which Pulumi command?", "python -m sandbox pulumi preview -s dev")
    if command == "config" and set(words) & set(WRITES_CONFIGURATION):
        raise UsageError(
            "the sandbox reads the configuration from the checkout", "edit Pulumi.ENVIRONMENT.yaml"
        )
    for option in LEADS_ELSEWHERE:
        if any(word == option or word.startswith((f"{option}=", "-C")) for word in words):
            raise UsageError(
                f"{option} leads out of the sandbox, where no address of the emulator is configured",
                "change into the project's directory, and edit Pulumi.ENVIRONMENT.yaml",
            )


def _ready(project: Project, words: Sequence[str], command: str | None) -> tuple[Workspace, str | None]:
    """The workspace in a running cloud, and the stack that the command line names.

    Raises: UsageError when another engine made what is there, and for a stack that there is not;
        KeyplanError when there is no engine; CatalogueError for mistakes in the stack's catalogue.
    """
    running = find_server(project)
    if running is not None:
        stay_with(PULUMI, project, running[0])
    engine = require_engine(os.environ, known_engines(directory_of(project)))
    named = stack_named(words)
    if command in TAKES_CONFIGURATION and not HELP & set(words):
        _check_catalogue(project, named or _selected(project, engine))
    workspace = prepare(project, engine, start_server(project, 0))
    if named is not None and not (command == "stack" and "init" in words):
        _require_stack(workspace, named)
    return workspace, named


def _selected(project: Project, engine: Engine) -> str | None:
    """The selected stack of the workspace as the last command left it; None when it has none."""
    workspace = Workspace(project, engine, REGION_DEFAULT)
    try:
        return selected_stack(workspace) if workspace.project_directory.exists() else None
    except KeyplanError:
        return None


def _check_catalogue(project: Project, stack: str | None) -> None:
    """Raises: CatalogueError with the line of every mistake, which the program itself cannot know."""
    from keyplan.checks.files import environments, load_catalogue

    if stack in environments(project.root):
        load_catalogue(project.root, stack)


def command_in(words: Sequence[str]) -> str | None:
    """The command of a command line: its first word that belongs to no option; None when there is none."""
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            return word
        if "=" not in word and word not in SWITCHES:
            next(rest, None)
    return None


def stack_named(words: Sequence[str]) -> str | None:
    """The stack that a command line names; None when it leaves that to Pulumi's selection."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in STACK_OPTIONS:
            return _name(following)
        for option in STACK_OPTIONS:
            if word.startswith(f"{option}="):
                return _name(word.removeprefix(f"{option}="))
    return None


def _name(given: str) -> str | None:
    """Of `organization/project/dev` the last: organization and project are the same for all that is here."""
    return given.rsplit("/", 1)[-1] or None


def _require_stack(workspace: Workspace, stack: str) -> None:
    """Create a stack that the checkout describes when it is first named.

    Raises: UsageError for one that is neither described nor there. Its name is not repeated: what stands in
        the place of a name may be anything.
    """
    described = workspace.described_stacks()
    if stack in described:
        ensure_stack(workspace, stack)
    elif not workspace.has_stack(stack):
        raise UsageError(
            "there is no such stack, and no file that describes it",
            f"one of {', '.join(described)}; or write a Pulumi.STACK.yaml for another",
        )


def _show_to_keyplan(project: Project, workspace: Workspace, stack: str) -> None:
    """Keep the manifest where keyplan's commands look; a program without one is not keyplan's business."""
    outputs = stack_outputs(workspace, stack)
    try:
        write_outputs(project, outputs, resource_count(workspace, stack))
    except KeyplanError as error:
        note(f"warning: {error.message}")
        return
    note(f"keyplan's commands now act on {stack} in the sandbox (.keyplan/sandbox/manifest.json)")


def taken_down(project: Project, workspace: Workspace, stack: str, *, interrupted: bool) -> int:
    """Forget the manifest of an environment that is gone; returns what a `destroy` ends with.

    Something is left after `--target`, and after Ctrl-C: where that comes between two steps, the engine says
    that all has been deleted.
    """
    left = resource_count(workspace, stack) if workspace.has_stack(stack) else 0
    if not left:
        _hide_from_keyplan(project, stack)
    elif interrupted:
        note(f"interrupted with {count(left, 'resource', 'resources')} of {stack} left: destroy it again")
        return EXIT_INTERRUPTED
    return EXIT_DONE


def _hide_from_keyplan(project: Project, stack: str) -> None:
    manifest = read_manifest(project)
    if manifest is not None and manifest["environment"] == stack:
        remove_outputs(project)
        note(f"keyplan's commands do not act on {stack} any more")
