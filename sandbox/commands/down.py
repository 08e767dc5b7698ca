"""End the sandbox's cloud. Everything in it is gone, the values of the keys above all.

The vendor is not part of the cloud: it knows its keys again after the next `up`, as a real one would.
--forget-keys has them forgotten too. A second run says that nothing was running, and is not an error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from keyplan.errors import EXIT_DONE, KeyplanError
from sandbox.outputs import read_manifest, remove_outputs
from sandbox.project import Project, find_project, one_at_a_time
from sandbox.pulumi_cli.workspace import remove as remove_workspace
from sandbox.report import count, say
from sandbox.server.lifecycle import find_server, stop_server
from sandbox.stored import values_stored


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the argument of `sandbox down`."""
    parser.add_argument("--forget-keys", action="store_true", help="let the vendor forget its keys too")


def run(arguments: argparse.Namespace) -> int:
    """End the server and forget what was built in it."""
    project = find_project(Path.cwd())
    with one_at_a_time(project):
        values = _values(project)
        stopped = stop_server(project)
        remove_outputs(project)
        remove_workspace(project)
        if arguments.forget_keys or not remembers_keys(project):
            project.vendor_file.unlink(missing_ok=True)
    if stopped is None:
        say("no sandbox was running here")
        if arguments.forget_keys:
            say("the vendor has forgotten its keys")
        return EXIT_DONE
    lost = f", and {count(values, 'value', 'values')} with it" if values else "; it held no values"
    say(f"the sandbox on port {stopped.port} is gone{lost}")
    if project.vendor_file.exists():
        say("the vendor still knows its keys: python -m sandbox down --forget-keys")
    return EXIT_DONE


def remembers_keys(project: Project) -> bool:
    """Whether the vendor has anything to remember."""
    try:
        return project.vendor_file.stat().st_size > 0
    except FileNotFoundError:
        return False


def _values(project: Project) -> int:
    """How many values go; 0 when that cannot be asked, since ending it matters more."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found, manifest = find_server(project), read_manifest(project)
        return values_stored(found[0], manifest) if found and manifest else 0
    except (KeyplanError, BotoCoreError, ClientError):
        return 0
