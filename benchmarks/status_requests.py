"""How many requests `keyplan status` takes on Google Cloud: python -m benchmarks.status_requests.

The sandbox's Google Cloud on 127.0.0.1 with 1, 50 and 500 keys that have values. What counts is the number:
Google allows a project 600 requests a minute that look (https://cloud.google.com/secret-manager/quotas), so
500 keys have to take fewer, and each key by itself would take two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.exec_startup import BIN, compile_keyplan
from benchmarks.gcp_startup import google_cloud, manifest, store

SIZES = (1, 50, 500)
READS_A_MINUTE = 600


def main() -> int:
    """Measure and print; the exit code is 1 when 500 keys take more than the quota."""
    compile_keyplan()
    print(f"{'keys':>5} {'requests':>9} {'a key':>6} {'milliseconds':>13}")
    requests = 0
    with tempfile.TemporaryDirectory() as directory, google_cloud() as (host, asked):
        made: dict[str, str] = {}
        for size in SIZES:
            for number in range(len(made), size):
                made[f"key-{number}"] = f"bench-key-{number}"
                store(host, made[f"key-{number}"])
            asked.clear()
            milliseconds = _status(host, made, Path(directory))
            requests = len(asked)
            print(f"{size:>5} {requests:>9} {requests / size:>6.2f} {milliseconds:>13.0f}")
    print(f"{SIZES[-1]} keys: {requests} requests of the {READS_A_MINUTE} that Google allows in a minute")
    return 0 if requests <= READS_A_MINUTE else 1


def _status(host: str, keys: dict[str, str], home: Path) -> float:
    file = home / "manifest.json"
    file.write_text(json.dumps(manifest(host, keys)))
    started = time.perf_counter()
    subprocess.run(
        [str(BIN / "keyplan"), "status", "--manifest", str(file)],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
