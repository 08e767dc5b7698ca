"""How long wiring takes, in an environment that grows: python -m benchmarks.wiring [--consumers 50,500,5000].

An environment on both clouds whose consumers have every runtime; all of it in processor time, which other
work on the machine lengthens little, and the shortest of several rounds. In this process: reading the
manifest, `keyplan wire`'s table, and every target of every consumer. In processes of their own, alternating
with an empty Python: the table, and the wiring of one consumer. Last, the fastest and the slowest targets.
Absolute times are this machine's; what counts is that no wire costs more in a larger environment.
`python -m benchmarks.exec_startup` has what `keyplan key-helper` takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

from benchmarks.exec_startup import BIN, compile_keyplan
from keyplan.cli.wire import table
from keyplan.errors import UsageError
from keyplan.manifest.checking import parse
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring import targets_for, wire
from tests.wiring import conftest as on_aws
from tests.wiring_gcp import conftest as on_gcp

SIZES = (50, 500, 5000)
ROUNDS = 3
COMMAND_RUNS = 5
SHOWN_TARGETS = 3
Result = TypeVar("Result")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = ",".join(map(str, SIZES))
    parser.add_argument("--consumers", default=sizes, help=f"how many, in turn (default: {sizes})")
    asked = [int(size) for size in parser.parse_args().consumers.split(",")]
    compile_keyplan()
    print("CPU milliseconds |               in this process                |            as a command")
    print("consumers  wires |  manifest   table    every wire  µs a wire |  empty Python    table  one wire")
    slowest: dict[str, float] = {}
    for size in asked:
        slowest = _measure(size)
    ordered = sorted(slowest.items(), key=lambda entry: entry[1])
    ends = [*ordered[:SHOWN_TARGETS], *ordered[-SHOWN_TARGETS:]]
    print("µs a wire: " + ", ".join(f"{name} {each:.0f}" for name, each in ends))
    return 0


def environment(consumers: int) -> Manifest:
    """An environment on both clouds with so many consumers, of every runtime that the examples have."""
    aws, gcp = on_aws.example(), on_gcp.example()
    keys = {name: replace(key, gcp=gcp.keys[name].gcp) for name, key in aws.keys.items()}
    models = [*aws.consumers.values(), *gcp.consumers.values()]
    entries: dict[str, ManifestConsumer] = {}
    for number, model in enumerate(islice(cycle(models), consumers)):
        name = f"{model.name}-{model.cloud}-{number}"
        entries[name] = replace(model, name=name)
    return replace(aws, gcp=gcp.gcp, keys=keys, consumers=entries)


def _measure(size: int) -> dict[str, float]:
    text = json.dumps(environment(size).to_json())
    reading_ms, manifest = _fastest(lambda: Manifest.from_document(parse(text, "benchmark")))
    table_ms, _ = _fastest(lambda: table(manifest))
    every_ms, by_target = _fastest(lambda: _every_wire(manifest))
    wires = sum(len(times) for times in by_target.values())
    empty_ms, listing_ms, one_ms = _commands(text, manifest)
    print(
        f"{size:>9} {wires:>6} | {reading_ms:>9.1f} {table_ms:>7.1f} {every_ms:>13.1f} "
        f"{every_ms / wires * 1000:>10.0f} | {empty_ms:>13.0f} {listing_ms:>8.0f} {one_ms:>9.0f}",
        flush=True,
    )
    return {target: statistics.median(times) for target, times in by_target.items()}


def _every_wire(manifest: Manifest) -> dict[str, list[float]]:
    """Microseconds of each wire, by target. What a target refuses costs as much and counts."""
    times: dict[str, list[float]] = defaultdict(list)
    for name in manifest.consumers:
        for target in targets_for(manifest, name):
            started = time.process_time()
            with suppress(UsageError):
                wire(manifest, name, target)
            times[target].append((time.process_time() - started) * 1_000_000)
    return times


def _fastest(work: Callable[[], Result]) -> tuple[float, Result]:
    """Milliseconds of the fastest round, and what it returned; the first, which imports, does not count."""
    times = []
    result = work()
    for _ in range(ROUNDS):
        started = time.process_time()
        result = work()
        times.append((time.process_time() - started) * 1000)
    return min(times), result


def _commands(text: str, manifest: Manifest) -> tuple[float, float, float]:
    name = next(iter(manifest.consumers))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "manifest.json")
        file.write_text(text)
        keyplan = [str(BIN / "keyplan"), "wire", "--manifest", str(file)]
        one = [*keyplan, targets_for(manifest, name)[0], name]
        commands = ([sys.executable, "-c", "pass"], keyplan, one)
        rounds = [[_cpu_ms(command, folder) for command in commands] for _ in range(COMMAND_RUNS + 1)]
    empty, listing, single = (min(times) for times in zip(*rounds[1:], strict=True))
    return empty, listing, single


def _cpu_ms(command: list[str], home: str) -> float:
    """Processor time of a command in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environ = {"PATH": os.environ["PATH"], "HOME": home}
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


if __name__ == "__main__":
    sys.exit(main())
