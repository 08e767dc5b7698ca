"""Pulumi's own engine beside the builtin one: python -m benchmarks.engine_growth [--keys 1,50,200].

The same generated catalogues as in program_growth (five consumers a key), each engine with a cloud of its
own, one after the other. Measured are a preview, the update from nothing, an update without a change (which
must report none) and a refresh (which the builtin engine does not have, and which must report none either).
Then, with a fresh cloud, the update from nothing with the state written once, at the end, instead of at every
step: the difference is what those writes cost. They are whole states, so that they grow with the square of
the catalogue; above --each-step keys only the update that writes once is measured.

seconds     of the whole, as `python -m sandbox up` waits for it: every start of `pulumi` that it needs
operations  resources that the engine looked at, components included
CPU s       processor seconds of the processes, which work at the same time on all cores:
  engine    every `pulumi`; of the builtin engine its process, which the provider is a part of
  program   the Python program, with the SDK's import
  stand-in  the provider's plugin and the host of Python programs
  cloud     the emulator's server

Needs Pulumi's engine (`make engine`) and Linux. Writes nothing but temporary files.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measuring.cpu_seconds import CpuSeconds, cpu_seconds
from benchmarks.program_growth import ROOT, STACK, catalogue, sizes
from sandbox.builtin import run_program
from sandbox.configuration import Configuration, cloud_settings
from sandbox.project import Project
from sandbox.pulumi_cli import command
from sandbox.pulumi_cli.find import Engine, require_engine
from sandbox.pulumi_cli.run import run_stack
from sandbox.pulumi_cli.workspace import Workspace, prepare
from sandbox.result import Mode
from sandbox.server.lifecycle import Launch, stop_server
from sandbox.server.record import ServerRecord

SIZES = (1, 50, 200)
LIMIT_SECONDS = 1800
EACH_STEP_KEYS = 50
PROGRAM_PARTS = ("__main__.py", "Pulumi.yaml", "components", "keyplan")
UNCHANGED = "no change"
STATE_ONCE = "up, state once"
STEPS: tuple[tuple[str, Mode], ...] = (("preview", "preview"), ("up", "up"), (UNCHANGED, "up"))
# The server is this process's child, and works between the steps too: it is read before and after.
SERVER = "server"
KINDS = ("engine", "program", "stand-in", "cloud")


@dataclass(frozen=True)
class Measured:
    """One step of one engine."""

    step: str
    seconds: float
    operations: int
    cpu: Mapping[str, float]
    """Seconds by kind of process."""


class WithoutCheckpoints(Workspace):
    """A workspace whose state is written once, at the end: an update that is killed would leave nothing."""

    def environment(self) -> dict[str, str]:
        """That of every workspace, with the engine's own switch."""
        return {**super().environment(), "PULUMI_SKIP_CHECKPOINTS": "true"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine_growth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keys", type=sizes, default=SIZES, help="sizes to measure (default: 1,50,200)")
    parser.add_argument(
        "--limit-seconds",
        type=float,
        default=LIMIT_SECONDS,
        help=f"begin no further size after this time (default: {LIMIT_SECONDS})",
    )
    parser.add_argument(
        "--each-step",
        metavar="KEYS",
        type=int,
        default=EACH_STEP_KEYS,
        help="the largest size that is also updated with the state written at every step "
        f"(default: {EACH_STEP_KEYS}; 200 takes the better part of an hour)",
    )
    options = parser.parse_args(arguments)
    engine = require_engine(os.environ)
    started = time.monotonic()
    print(
        f"Pulumi {engine.version}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
        " keys  operations  step             engine   seconds  ratio  ms each  | CPU s:"
        + "".join(f"{kind:>10}" for kind in KINDS),
        flush=True,
    )
    for keys in options.keys:
        if time.monotonic() - started > options.limit_seconds:
            print(f"{keys:5}  not begun: {options.limit_seconds:.0f} seconds are over")
            continue
        _compare(keys, engine, each_step=keys <= options.each_step)
    return 0


def _compare(keys: int, engine: Engine, *, each_step: bool) -> None:
    """Measure one size with both engines and print their rows."""
    builtin: dict[str, Measured] = {}
    with _cloud(keys) as (project, record):
        for measured in with_builtin(keys, project, record):
            builtin[measured.step] = measured
            print(_row(keys, "builtin", measured, None), flush=True)
    builtin[STATE_ONCE] = builtin["up"]
    if each_step:
        with _cloud(keys) as (project, record):
            for measured in with_pulumi(keys, prepare(project, engine, record), record):
                print(_row(keys, "Pulumi", measured, builtin.get(measured.step)), flush=True)
    with _cloud(keys) as (project, record):
        plain = prepare(project, engine, record)
        workspace = WithoutCheckpoints(plain.project, plain.engine, plain.region)
        for measured in with_pulumi(keys, workspace, record):
            if measured.step == STATE_ONCE or not each_step:
                print(_row(keys, "Pulumi", measured, builtin.get(measured.step)), flush=True)
            if each_step and measured.step == STATE_ONCE:
                break


def with_builtin(keys: int, project: Project, record: ServerRecord) -> Iterator[Measured]:
    """The builtin engine's steps."""
    config = Configuration(catalogue(keys)).with_endpoints(record.url)
    for step, mode in STEPS:
        begun, own, cloud = time.monotonic(), time.process_time(), cpu_seconds(record.pid)
        children = _children_seconds()
        result = run_program(ROOT, STACK, config, project.state_file, "growth", mode)
        seconds = time.monotonic() - begun
        cpu = {
            "engine": time.process_time() - own,
            "program": _children_seconds() - children,
            "cloud": cpu_seconds(record.pid) - cloud,
        }
        if step == UNCHANGED:
            _must_be({"kept"}, {change.kind for change in result.changes})
        yield Measured(step, seconds, len(result.changes), cpu)


def with_pulumi(keys: int, workspace: Workspace, record: ServerRecord) -> Iterator[Measured]:
    """The steps with Pulumi's engine."""

    def run(mode: Mode, step: str) -> int:
        changes = run_stack(workspace, STACK, _settings(keys, record), mode).changes
        if step == UNCHANGED:
            _must_be({"kept"}, {change.kind for change in changes})
        return len(changes)

    for step, mode in STEPS:
        once = step == "up" and isinstance(workspace, WithoutCheckpoints)
        yield _under_pulumi(STATE_ONCE if once else step, record, partial(run, mode, step))
    yield _under_pulumi("refresh", record, partial(_refresh, workspace))


def _refresh(workspace: Workspace) -> int:
    """Read everything from the cloud; nothing there may have changed."""
    summaries: list[Mapping[str, int]] = []

    def take(event: Mapping[str, Any]) -> None:
        if "summaryEvent" in event:
            summaries.append(event["summaryEvent"]["resourceChanges"])

    ended = command.follow(workspace, "refresh", "--yes", "--skip-preview", f"--stack={STACK}", on_event=take)
    command.must("read the cloud", ended)
    _must_be({"same"}, set(summaries[-1]))
    return sum(summaries[-1].values())


def _under_pulumi(step: str, record: ServerRecord, run: Callable[[], int]) -> Measured:
    begun, cloud = time.monotonic(), cpu_seconds(record.pid)
    with CpuSeconds(_kind) as watched:
        operations = run()
        seconds = time.monotonic() - begun
    return Measured(
        step, seconds, operations, {**watched.by_kind(), "cloud": cpu_seconds(record.pid) - cloud}
    )


def _kind(words: Sequence[str]) -> str:
    """What a process is by its command line, with the sandbox's stand-ins and with the vendors' plugins."""
    line = " ".join(words)
    if "sandbox.server" in line:
        return SERVER
    if "child.py" in line or "pulumi-language-python-exec" in line:
        return "program"
    if "sandbox.plugins" in line or "pulumi-resource-" in line or "pulumi-language-" in line:
        return "stand-in"
    return "engine"


@contextmanager
def _cloud(keys: int) -> Iterator[tuple[Project, ServerRecord]]:
    """A project with a generated catalogue and this checkout's program, and a server of its own."""
    with tempfile.TemporaryDirectory(prefix="keyplan-growth-") as folder:
        project = Project(Path(folder))
        for name in PROGRAM_PARTS:
            (project.root / name).symlink_to(ROOT / name)
        (project.root / f"Pulumi.{STACK}.yaml").write_text(json.dumps({"config": _stack_file(keys)}))
        record = Launch(project, 0).wait()
        try:
            yield project, record
        finally:
            stop_server(project)


def _stack_file(keys: int) -> dict[str, Any]:
    """The configuration as a stack's file has it, where an object is one and no text. JSON is YAML."""
    return {
        name: json.loads(text) if text.startswith("{") else text for name, text in catalogue(keys).items()
    }


def _settings(keys: int, record: ServerRecord) -> dict[str, dict[str, str]]:
    return cloud_settings(Configuration(catalogue(keys)).with_endpoints(record.url))


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _must_be(wanted: set[str], found: set[str]) -> None:
    if found != wanted:
        raise SystemExit(f"where nothing changed there is: {', '.join(sorted(found))}; nothing is comparable")


def _row(keys: int, engine: str, measured: Measured, beside: Measured | None) -> str:
    ratio = f"{measured.seconds / beside.seconds:5.1f}" if beside else " " * 5
    each = measured.seconds / measured.operations * 1000
    cpu = "".join(f"{measured.cpu[kind]:10.1f}" if kind in measured.cpu else f"{'':10}" for kind in KINDS)
    return (
        f"{keys:5}  {measured.operations:10}  {measured.step:15}  {engine:7}"
        f"  {measured.seconds:7.1f}  {ratio}  {each:7.1f}  |       {cpu}"
    )


if __name__ == "__main__":
    sys.exit(main())
