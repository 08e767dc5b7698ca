"""What rotating, verifying and looking take, and what readers get meanwhile: python -m benchmarks.key_life.

Both clouds and the vendor on 127.0.0.1, the real command in a process of its own. First seconds and requests
with 1, 50 and 500 keys: a rotation of one of them, and a look at all. Then readers poll both clouds without
a pause while one key is rotated 100 times; after each rotation its old value is ended at the vendor at once,
which is earlier than `keyplan retire` ever does it. A read fails when it gets nothing, or a value that was
dead when the read began.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.exec_startup import BIN, compile_keyplan
from benchmarks.measuring.two_clouds import TwoClouds, two_clouds

SIZES = (1, 50, 500)
ROTATIONS = 100
RUNS = 3
KEY = "key-0"
COLUMNS = ("seconds", "requests", "AWS", "Google", "vendor")


def main() -> int:
    """Measure and print; the exit code is 1 when a read failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help=f"keys (default: {SIZES})")
    parser.add_argument("--rotations", type=int, default=ROTATIONS, help=f"(default: {ROTATIONS})")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each command (default: {RUNS})")
    wanted = parser.parse_args()
    compile_keyplan()
    with tempfile.TemporaryDirectory() as directory, two_clouds() as clouds:
        command = Command(clouds, Path(directory))
        print(f"{'keys':>5} {'command':<8}", *(f"{text:>8}" for text in COLUMNS))
        for size in wanted.sizes:
            clouds.grow(size)
            command.renew()
            for verb in ("rotate", "verify", "status"):
                print(_measured(command, size, verb, wanted.runs), flush=True)
        clouds.grow(1)
        command.renew()
        return _poll(command, wanted.rotations)


@dataclass
class Command:
    """The command against these clouds."""

    clouds: TwoClouds
    home: Path

    def renew(self) -> None:
        """Write the manifest of the keys that there are now."""
        self.clouds.write_manifest(self.home / "manifest.json")

    def run(self, *arguments: str, given: str = "") -> float:
        """How many seconds it takes. Raises CalledProcessError where it fails."""
        verb, *rest = arguments
        started = time.perf_counter()
        subprocess.run(
            [str(BIN / "keyplan"), verb, "--manifest", str(self.home / "manifest.json"), *rest],
            input=given.encode(),
            env={"PATH": os.environ["PATH"], "HOME": str(self.home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - started

    def rotate(self) -> float:
        """Rotate the key to a new one of the vendor."""
        created = self.clouds.world.create_key(f"rotated-{time.monotonic_ns()}")
        seconds = self.run("rotate", KEY, given=created.value)
        self.clouds.made[KEY] = created
        return seconds


def _measured(command: Command, size: int, verb: str, runs: int) -> str:
    times, counts = [], (0, 0, 0)
    for _ in range(runs):
        command.clouds.forget()
        times.append(command.rotate() if verb == "rotate" else command.run(verb))
        counts = command.clouds.requests()
    numbers = (sum(counts), *counts)
    return " ".join(
        [f"{size:>5} {verb:<8} {statistics.median(times):>8.2f}", *(f"{number:>8}" for number in numbers)]
    )


@dataclass
class Polls:
    """What readers got."""

    clouds: TwoClouds
    reads: int = 0
    failures: list[str] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)  # value -> when it died
    values: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def poll(self, read: Callable[[str], str]) -> None:
        """Read until it is over."""
        while not self.over.is_set():
            began, value, failure = time.monotonic(), "", ""
            try:
                value = read(KEY)
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                failure = type(error).__name__
            with self.lock:
                self.reads += 1
                self.values.add(value)
                if failure or self.ended.get(value, began) < began:
                    self.failures.append(failure or "a dead value")

    def end(self, value: str, key_id: str) -> None:
        """Let the vendor refuse a value from now on."""
        self.clouds.world.change(key_id, status="inactive")
        with self.lock:
            self.ended[value] = time.monotonic()


def _poll(command: Command, rotations: int) -> int:
    clouds = command.clouds
    polls = Polls(clouds)
    readers = [
        threading.Thread(target=polls.poll, args=(read,)) for read in (clouds.read_aws, clouds.read_google)
    ]
    for reader in readers:
        reader.start()
    times = []
    try:
        for _ in range(rotations):
            before = clouds.made[KEY]
            times.append(command.rotate())
            polls.end(before.value, before.key.id)
    finally:
        polls.over.set()
        for reader in readers:
            reader.join()
    print(
        f"{rotations} rotations, {statistics.median(times):.2f} s each: {polls.reads:,} reads in two clouds, "
        f"{len(polls.values)} different values, {len(polls.failures)} failures"
    )
    return 1 if polls.failures else 0


if __name__ == "__main__":
    sys.exit(main())
