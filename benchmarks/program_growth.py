"""How the program grows with its catalogue: python -m benchmarks.program_growth [--keys 1,50] [--clouds gcp].

Each size gets a sandbox server of its own and a generated catalogue: every key has five consumers of its own
in each cloud (an ECS service, a Lambda function, an EC2 service, a GitHub Actions job, a group of people; on
Google Cloud a Cloud Run service, a pod, a machine, a GitHub Actions job, a group of people). Measured are a
preview, the first update and an update without a change: the whole of `run_program`, which is the program in
its own process, the engine and the emulated clouds. All sizes run in one process, one after the other, so
that they can be compared; absolute times belong to the machine. Writes nothing but temporary files.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sandbox.builtin import run_program
from sandbox.configuration import Configuration
from sandbox.project import Project
from sandbox.server.lifecycle import Launch, stop_server

ROOT = Path(__file__).resolve().parents[1]
SIZES = (1, 50, 500)
CONSUMERS_PER_KEY = 5  # in each cloud
CLOUDS = ("aws", "gcp", "aws,gcp")
LIMIT_SECONDS = 1200
STACK = "sandbox"
GOOGLE_PROJECT = "keyplan-sandbox"


@dataclass(frozen=True)
class Measured:
    """One size: seconds of each step, and what the program consists of."""

    keys: int
    consumers: int
    resources: int
    preview_seconds: float
    up_seconds: float
    unchanged_seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.program_growth", description=__doc__)
    parser.add_argument("--keys", type=sizes, default=SIZES, help="sizes to measure (default: 1,50,500)")
    parser.add_argument(
        "--clouds", choices=CLOUDS, default=CLOUDS[0], help="where the keys are (default: aws)"
    )
    parser.add_argument(
        "--limit-seconds",
        type=float,
        default=LIMIT_SECONDS,
        help=f"begin no further size after this time (default: {LIMIT_SECONDS})",
    )
    options = parser.parse_args(arguments)
    started = time.monotonic()
    print(
        " keys  consumers  resources  preview s    up s  unchanged s  | a key: up ms  unchanged ms",
        flush=True,
    )
    smallest: Measured | None = None
    for keys in options.keys:
        if time.monotonic() - started > options.limit_seconds:
            print(f"{keys:5}  not begun: {options.limit_seconds:.0f} seconds are over")
            continue
        measured = measure(keys, options.clouds.split(","))
        smallest = smallest or measured
        print(_row(measured, smallest), flush=True)
    print("\na key: what each key costs beyond the first size measured, which carries the fixed part")
    return 0


def measure(keys: int, clouds: Sequence[str] = ("aws",)) -> Measured:
    """Run one size against a server of its own."""
    with tempfile.TemporaryDirectory(prefix="keyplan-growth-") as folder:
        project = Project(Path(folder))
        record = Launch(project, 0).wait()
        try:
            config = Configuration(catalogue(keys, clouds)).with_endpoints(record.url, record.gcp_url)
            seconds: list[float] = []
            modes: tuple[Literal["preview", "up"], ...] = ("preview", "up", "up")
            for mode in modes:
                begun = time.monotonic()
                result = run_program(ROOT, STACK, config, project.state_file, "growth", mode)
                seconds.append(time.monotonic() - begun)
            if {change.kind for change in result.changes} != {"kept"}:
                raise SystemExit("the second update changed something: nothing here can be compared")
            consumers = keys * len(clouds) * CONSUMERS_PER_KEY
            return Measured(keys, consumers, len(result.changes), *seconds)
        finally:
            stop_server(project)


def catalogue(keys: int, clouds: Sequence[str] = ("aws",)) -> dict[str, str]:
    """The configuration of an environment with so many keys."""
    names = [f"key-{number:03}" for number in range(keys)]
    consumers: dict[str, Any] = {}
    for name in names:
        for cloud in clouds:
            consumers |= _consumers(name, cloud)
    on_google = {"gcp:project": GOOGLE_PROJECT, "gcp:region": "europe-west1"} if "gcp" in clouds else {}
    return {
        "aws:region": "eu-west-1",
        **on_google,
        "keyplan:clouds": json.dumps(list(clouds)),
        "keyplan:owner": "platform@example.com",
        "keyplan:protect": "false",
        "keyplan:keys": json.dumps(
            {
                name: {"vendor": "generic", "envVar": f"{name.upper().replace('-', '_')}_API_KEY"}
                for name in names
            }
        ),
        "keyplan:consumers": json.dumps(consumers),
    }


def _consumers(key: str, cloud: str) -> dict[str, Any]:
    """Five readers of one key in one cloud, each of another kind."""
    job = {
        "runtime": "github-actions",
        "repository": f"example/{key}",
        "repositoryId": "123456789",
        "repositoryOwnerId": "9876543",
        "branches": ["main"],
    }
    kinds: dict[str, dict[str, dict[str, Any]]] = {
        "aws": {
            "service": {"runtime": "ecs"},
            "function": {"runtime": "lambda"},
            "machine": {"runtime": "ec2"},
            "job": job,
            "team": {"runtime": "people"},
        },
        "gcp": {
            "run": {"runtime": "cloud-run"},
            "pod": {"runtime": "gke", "namespace": key, "serviceAccount": "chat"},
            "instance": {"runtime": "compute-engine"},
            "action": {**job, "cloud": "gcp"},
            "group": {"runtime": "people", "cloud": "gcp", "members": [f"group:{key}@example.com"]},
        },
    }
    return {f"{key}-{kind}": {**settings, "keys": [key]} for kind, settings in kinds[cloud].items()}


def _row(measured: Measured, smallest: Measured) -> str:
    row = (
        f"{measured.keys:5}  {measured.consumers:9}  {measured.resources:9}"
        f"  {measured.preview_seconds:9.1f}  {measured.up_seconds:6.1f}  {measured.unchanged_seconds:11.1f}"
    )
    more = measured.keys - smallest.keys
    if not more:
        return f"{row}  |"
    up = (measured.up_seconds - smallest.up_seconds) / more * 1000
    unchanged = (measured.unchanged_seconds - smallest.unchanged_seconds) / more * 1000
    return f"{row}  |  {up:12.0f}  {unchanged:12.0f}"


def sizes(text: str) -> tuple[int, ...]:
    """`1,50` as numbers; for argparse."""
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise argparse.ArgumentTypeError("whole numbers from 1 up, separated by commas")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
