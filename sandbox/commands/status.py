"""Show whether the sandbox runs, since when and where, what it has, and which keys have a value."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from keyplan.errors import EXIT_DONE, Unreachable
from sandbox.outputs import read_manifest, read_resources
from sandbox.project import find_project
from sandbox.report import count, say
from sandbox.server.lifecycle import find_server
from sandbox.stored import StoredKey, stored_keys

BYTES_PER_MEGABYTE = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """`sandbox status` has no arguments of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Print what runs. Raises Unreachable (exit code 3) when nothing does."""
    project = find_project(Path.cwd())
    found = find_server(project)
    if found is None:
        raise Unreachable("no sandbox is running here", "python -m sandbox up")
    record, health = found
    since = datetime.fromtimestamp(health.started, UTC)
    say(
        f"running at {record.url} since {since:%Y-%m-%d %H:%M} UTC, process {health.pid}, "
        f"{health.most_memory_bytes / BYTES_PER_MEGABYTE:.0f} MB at most"
    )
    say(f"the vendor of the keys answers at {record.vendor_url}: python -m sandbox console list")
    manifest, resources = read_manifest(project), read_resources(project)
    if manifest is None:
        say("nothing is built in it yet: python -m sandbox up")
        return EXIT_DONE
    if resources is not None:
        say(f"{manifest['environment']} has {count(resources, 'resource', 'resources')}")
    for key in stored_keys(record, manifest):
        say(f"  {key.name}: {_stored(key)}")
    return EXIT_DONE


def _stored(key: StoredKey) -> str:
    numbers = {cloud: count(number, "version", "versions") for cloud, number in key.versions.items()}
    if not any(key.versions.values()) or (len(numbers) == 1 and not key.has_value):
        return "no value yet"
    if len(numbers) == 1:
        return next(iter(numbers.values()))
    return ", ".join(f"{words} on {cloud}" for cloud, words in numbers.items())
