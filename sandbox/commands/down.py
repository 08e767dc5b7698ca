"""End the sandbox's cloud. Everything in it is gone, the values of the keys above all.

A second run says that nothing was running, and is not an error.
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
    """`sandbox down` has no arguments of its own."""


def run(arguments: argparse.Namespace) -> int:
    """End the server and forget what was built in it."""
    project = find_project(Path.cwd())
    with one_at_a_time(project):
        values = _values(project)
        stopped = stop_server(project)
        remove_outputs(project)
        remove_workspace(project)
    if stopped is None:
        say("no sandbox was running here")
        return EXIT_DONE
    lost = f", and {count(values, 'value', 'values')} with it" if values else "; it held no values"
    say(f"the sandbox on port {stopped.port} is gone{lost}")
    return EXIT_DONE


def _values(project: Project) -> int:
    """How many values go; 0 when that cannot be asked, since ending it matters more."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found, manifest = find_server(project), read_manifest(project)
        return values_stored(found[0], manifest) if found and manifest else 0
    except (KeyplanError, BotoCoreError, ClientError):
        return 0
