"""Start the cloud on this machine, and make it as Pulumi.sandbox.yaml says.

The first run creates everything; a later one applies what was changed in the catalogue or the program, and
says what it created, changed, removed and kept. A run without a change does nothing. When the cloud is gone
(it lives in a process's memory) everything is made again, and the values have to be put again. --preview says
what would be done and does nothing. When the program fails, nothing is removed.

The program is run by Pulumi's own engine where this machine has one, and by a small builtin one elsewhere;
--engine chooses. A sandbox stays with the engine that it began with.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from keyplan.errors import EXIT_DONE, UsageError
from sandbox.configuration import Configuration, cloud_settings, google_projects, read_configuration
from sandbox.engine_choice import ENGINES, VARIABLE, Choice, choose, requested
from sandbox.outputs import write_outputs
from sandbox.progress import Progress
from sandbox.project import STACK, Project, find_project, one_at_a_time
from sandbox.pulumi_cli.workspace import directory_of, prepare
from sandbox.report import count, is_resource, next_steps, note, say, summary
from sandbox.result import Mode, Result
from sandbox.server.client import ensure_google_projects
from sandbox.server.lifecycle import Launch, find_server, requested_port
from sandbox.server.record import ServerRecord, digest
from sandbox.stored import stored_keys

EXIT_INTERRUPTED = 130


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox up`."""
    parser.add_argument("--preview", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument(
        "--port",
        metavar="PORT",
        help="where to listen on 127.0.0.1 (default: KEYPLAN_SANDBOX_PORT, or a free one)",
    )
    parser.add_argument(
        "--engine",
        metavar="ENGINE",
        help=f"{', '.join(ENGINES)} (default: {VARIABLE}, or {ENGINES[0]}); "
        "pulumi is obtained if this machine has none",
    )


def run(arguments: argparse.Namespace) -> int:
    """Bring the sandbox up and return the exit code."""
    project = find_project(Path.cwd())
    port = requested_port(arguments.port)
    engine = requested(arguments.engine, os.environ)
    try:
        with one_at_a_time(project):
            return _up(project, port, engine, preview=arguments.preview, verbose=arguments.verbose)
    except KeyboardInterrupt:
        note(
            "",
            "interrupted; what was made until now is remembered",
            "hint: python -m sandbox up goes on from there",
        )
        return EXIT_INTERRUPTED


def _up(project: Project, port: int, engine: str, *, preview: bool, verbose: bool) -> int:
    started = time.monotonic()
    configuration = read_configuration(project)  # mistakes are told before anything is started
    record = start_server(project, port)
    choice = choose(engine, project, record, os.environ, note)
    note(choice.words)
    result = _run_program(project, record, configuration, choice, preview=preview)
    for diagnostic in result.diagnostics:
        note(str(diagnostic))
    seconds = time.monotonic() - started
    lines = summary(result.changes, every_one=verbose)
    if preview:
        say("this is what `python -m sandbox up` would do:", *lines or ["nothing"])
        return EXIT_DONE
    resources = sum(
        1 for change in result.changes if is_resource(change) and change.kind not in ("deleted", "forgotten")
    )
    write_outputs(project, result.outputs, resources)
    say(
        *lines,
        "",
        f"the sandbox is up at {record.url}, {count(resources, 'resource', 'resources')}, "
        f"in {seconds:.1f} seconds",
    )
    _say_what_next(record, result.outputs)
    return EXIT_DONE


def start_server(project: Project, port: int) -> ServerRecord:
    """The sandbox's server, started if it was not running.

    Raises: UsageError when it runs on another port than this one; 0 stands for any.
    """
    found = find_server(project)
    if found is not None:
        if port and found[0].port != port:
            raise UsageError(
                f"the sandbox already runs, on port {found[0].port}",
                "python -m sandbox down, which forgets the values in it, then up with the other port",
            )
        return found[0]
    rebuilt = project.state_file.exists() or directory_of(project).exists()
    launch = Launch(project, port)
    if rebuilt:
        note("the sandbox's cloud was gone, and the values in it with it: everything has to be made again")
    try:
        import sandbox.builtin  # noqa: F401  # takes a while to import, just as the server does to start

        return launch.wait()
    except BaseException:
        launch.abandon()
        raise


def _run_program(
    project: Project, record: ServerRecord, configuration: Configuration, choice: Choice, *, preview: bool
) -> Result:
    config = configuration.with_endpoints(record.url, record.gcp_url, record.vendor_url)
    ensure_google_projects(record, google_projects(config))
    mode: Mode = "preview" if preview else "up"
    with Progress("resource", "resources") as progress:
        if choice.pulumi is not None:
            from sandbox.pulumi_cli.run import run_stack

            workspace = prepare(project, choice.pulumi, record)
            return run_stack(workspace, STACK, cloud_settings(config), mode, progress.one_more, note)
        from sandbox.builtin import run_program

        return run_program(
            project=project.root,
            stack=STACK,
            config=config,
            state_file=project.state_file,
            instance_id=digest(record.instance),  # the state file shows it to whoever reads the project
            mode=mode,
            report=progress.one_more,
            google_url=record.gcp_url,
        )


def _say_what_next(record: ServerRecord, outputs: dict[str, Any]) -> None:
    keys = stored_keys(record, outputs["manifest"])
    missing = [key.name for key in keys if not key.has_value]
    if missing:
        say(f"without a value: {', '.join(missing)}")
    wiring = outputs.get("wiring") or {}
    pairs = [(target, consumer) for consumer, targets in wiring.items() for target in targets]
    preferred = next((pair for pair in pairs if pair[0] == "github-actions"), pairs[0] if pairs else None)
    steps = next_steps(keys, preferred)
    if steps:
        say("", "try now:", *(f"  {step}" for step in steps))
