"""How long `keyplan doctor` takes, cold and warm, against Python's floors: python -m benchmarks.doctor.

A home and a project with settings, profiles, launchers and a login, and a gateway on 127.0.0.1. Contestants
alternate, so that a busy moment of the machine hits all of them: Python alone; the floor, which is a program
of the standard library that opens each of those files, looks through it for the same names and sends the
gateway one request; doctor without the network; and doctor with it. Warm has its bytecode compiled, as after
installation; cold finds none, as after an installation without it. Absolute times are this machine's; the
ratios are what counts. Network time is none here: a real host adds its own round trips.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.exec_startup import PROJECT, compile_keyplan
from keyplan.doctor.variables import WATCHED

RUNS = 20
FLOOR_RATIO_AIM = 2.0  # warm, with the network

FLOOR = """
import http.client, json, os, re, sys
names = re.compile("|".join(sys.argv[2].split(",")))
found = []
for path in sys.argv[3:]:
    with open(path) as opened:
        text = opened.read()
    if path.endswith("settings.json"):
        json.loads(text)
    found += names.findall(text)
connection = http.client.HTTPConnection(sys.argv[1], timeout=5)
connection.request("HEAD", "/")
print(json.dumps([found, connection.getresponse().getheader("Date")]))
"""
PROFILE = "# a comment\nalias ll='ls -l'\nexport PATH=$PATH:/opt/bin\n" * 60


def main() -> int:
    """Measure and print; the exit code is 1 when the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each contestant (default: {RUNS})")
    runs = parser.parse_args().runs
    compile_keyplan()
    with tempfile.TemporaryDirectory() as directory, _gateway() as server:
        home, project = Path(directory, "home"), Path(directory, "project")
        files = _files(home, project)
        address = f"127.0.0.1:{server.server_port}"
        times = _measure(_contestants(address, files), _environment(home, address), project, runs)
    _print(times)
    return 0 if min(times[_WARM]) / min(times[_FLOOR]) <= FLOOR_RATIO_AIM else 1


_BARE, _FLOOR = "python -c pass", "standard library: files, one request"
_OFFLINE, _WARM, _COLD = "keyplan doctor --offline", "keyplan doctor", "keyplan doctor, cold"


class _gateway(ThreadingHTTPServer):  # noqa: N801 - used as a function
    """Answers every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def _files(home: Path, project: Path) -> list[Path]:
    """What is on the machine; the login is not among the floor's."""
    settings = {"model": "m", "env": {"ANTHROPIC_MODEL": "m"}, "permissions": {"allow": ["Bash(ls)"] * 50}}
    contents = {
        home / ".claude" / "settings.json": json.dumps(settings, indent=2),
        project / ".claude" / "settings.json": json.dumps({"permissions": {"deny": []}}),
        **{home / name: PROFILE for name in (".profile", ".bashrc", ".zshrc")},
        project / ".env": "DATABASE=x\n" * 20,
        project / "Makefile": "all:\n\techo\n" * 40,
        project / "package.json": json.dumps({"scripts": {"start": "node ."}}),
    }
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (home / ".claude" / ".credentials.json").write_text('{"claudeAiOauth": {"expiresAt": 9999999999999}}')
    return list(contents)


def _contestants(address: str, files: list[Path]) -> dict[str, list[str]]:
    ours = [sys.executable, "-m", "keyplan", "doctor"]
    floor = [sys.executable, "-c", FLOOR, address, ",".join(WATCHED), *map(str, files)]
    return {
        _BARE: [sys.executable, "-c", "pass"],
        _FLOOR: floor,
        _OFFLINE: [*ours, "--offline"],
        _WARM: ours,
        _COLD: ours,
    }


def _environment(home: Path, address: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "HOME": str(home),
        "ANTHROPIC_BASE_URL": f"http://{address}",
        "ANTHROPIC_AUTH_TOKEN": "measured",
    }


def _measure(
    contestants: dict[str, list[str]], environ: dict[str, str], folder: Path, runs: int
) -> dict[str, list[float]]:
    """Milliseconds of each run; the first round, which fills caches, does not count."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(runs + 1):
        for name, command in contestants.items():
            # An empty prefix has no bytecode, and nothing is written to it.
            nothing = {"PYTHONPYCACHEPREFIX": str(folder / "none"), "PYTHONDONTWRITEBYTECODE": "1"}
            given = {**environ, **(nothing if name == _COLD else {})}
            started = time.perf_counter()
            done = subprocess.run(command, env=given, cwd=folder, stdout=subprocess.DEVNULL, check=False)
            times[name].append((time.perf_counter() - started) * 1000)
            if done.returncode not in (0, 1):  # 1: there are findings
                raise SystemExit(f"{name} ended with {done.returncode}")
    return {name: found[1:] for name, found in times.items()}


def _print(times: dict[str, list[float]]) -> None:
    print(f"{'milliseconds':<38} {'minimum':>8} {'median':>8}")
    for name, found in times.items():
        print(f"{name:<38} {min(found):>8.0f} {statistics.median(found):>8.0f}")
    for word, of in (("minimum", min), ("median", statistics.median)):
        bare, floor, warm, cold = (of(times[name]) for name in (_BARE, _FLOOR, _WARM, _COLD))
        print(
            f"{word}: doctor is {warm / floor:.2f} of the standard library's floor (aim {FLOOR_RATIO_AIM}), "
            f"{warm / bare:.1f} of Python alone; cold is {cold / warm:.1f} of warm"
        )


if __name__ == "__main__":
    sys.exit(main())
