"""The detector finds what it is meant to find: else an empty result of the canary test says nothing."""

from __future__ import annotations

import base64
import gzip
import json
import os
import secrets
import string
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.end_to_end.leak_detector import (
    DiskWatcher,
    LeakDetector,
    ProcessWatcher,
    record_started_processes,
)

ALPHABET = string.ascii_letters + string.digits
CANARY = "sk-ant-" + "api03-" + "".join(secrets.choice(ALPHABET) for _ in range(93)) + "AA"
DETECTOR = LeakDetector(CANARY)


LEAKS = {
    "plain": CANARY.encode(),
    "inside a message": f"error: {CANARY} is wrong".encode(),
    "JSON in JSON": json.dumps({"SecretString": json.dumps({"ANTHROPIC_API_KEY": CANARY})}).encode(),
    "base64": base64.b64encode(CANARY.encode()),
    "base64, one byte later": base64.b64encode(b"x" + CANARY.encode()),
    "base64 of JSON": base64.b64encode(b'{"ANTHROPIC_API_KEY": "' + CANARY.encode() + b'"}'),
    "base64 for URLs": base64.urlsafe_b64encode(b"xy" + CANARY.encode() + b"zzzz"),
    "hexadecimal": CANARY.encode().hex().encode(),
    "UTF-16": CANARY.encode("utf-16-le"),
    "its middle": CANARY[20:40].encode(),
    "its end": CANARY[-20:].encode(),
}


@pytest.mark.parametrize("form", LEAKS)
def test_every_form_of_a_value_is_found(form: str) -> None:
    assert DETECTOR.forms_in(b"before " * 3 + LEAKS[form] + b" after")
    assert DETECTOR.forms_in(gzip.compress(LEAKS[form]))


def test_the_public_beginning_of_a_key_and_its_fingerprint_are_no_leak() -> None:
    assert DETECTOR.forms_in("an Anthropic key starts with sk-ant-api03-, fingerprint 3f2a9c0d1e4b") == set()


def test_a_planted_file_is_found_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "a" / ".b").mkdir(parents=True)
    planted = [
        tmp_path / "a" / ".b" / "state.json",
        tmp_path / "a" / "layer.zip",
        tmp_path / "a" / CANARY[:60],
    ]
    planted[0].write_text(json.dumps({"value": CANARY}))
    with zipfile.ZipFile(planted[1], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("handler.py", f"KEY = '{CANARY}'")
    planted[2].touch()
    link = tmp_path / "a" / "link"
    link.symlink_to(f"/nowhere/{CANARY}")
    (tmp_path / "innocent").write_text("sk-ant-api03-")
    assert set(DETECTOR.on_disk(tmp_path)) == {str(path) for path in (*planted, link)}
    assert DETECTOR.on_disk(tmp_path, except_for=[*planted, link]).keys() <= {str(link)}


def test_a_file_that_holds_a_value_for_a_moment_is_found(tmp_path: Path) -> None:
    passing = tmp_path / "passing"
    with DiskWatcher(DETECTOR, [tmp_path], interval_seconds=0.001) as watcher:
        passing.write_text("nothing yet")
        passing.write_text(CANARY)
        until = time.monotonic() + 10
        while not watcher.leaks and time.monotonic() < until:
            time.sleep(0.01)
        passing.unlink()
    assert watcher.leaks == {str(passing)}


def _sleeping(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-S", "-c", "import time; time.sleep(30)", *arguments]
    return subprocess.Popen(program, env={**os.environ, **(environment or {})})


@pytest.mark.parametrize(
    ("arguments", "environment", "leaks"),
    [
        ((CANARY,), {}, True),
        ((), {"KEY": CANARY}, True),
        (("the-program",), {"KEY": CANARY}, False),
        (("the-program", CANARY), {}, True),
        ((), {}, False),
    ],
    ids=["argument", "environment", "environment of the program", "argument of the program", "nothing"],
)
def test_the_watcher_finds_values_in_what_processes_show(
    arguments: tuple[str, ...], environment: dict[str, str], leaks: bool
) -> None:
    with ProcessWatcher(DETECTOR, "the-program", interval_seconds=0.01) as watcher:
        process = _sleeping(*arguments, environment=environment)
        try:
            enough = watcher.samples + 5
            while watcher.samples < enough and not watcher.leaks:
                time.sleep(0.01)
        finally:
            process.kill()
            process.wait()
    assert bool(watcher.leaks) is leaks


@pytest.mark.parametrize(
    "start",
    [
        "import subprocess; subprocess.run(['true', {value!r}])",
        "import os; os.execvp('true', ['true', {value!r}])",
        "import os; os.system('true ' + {value!r})",
    ],
    ids=["subprocess", "exec", "system"],
)
def test_the_record_holds_the_arguments_of_the_shortest_process(tmp_path: Path, start: str) -> None:
    log = tmp_path / "started.jsonl"
    environment = {**os.environ, **record_started_processes(tmp_path / "site", log)}
    subprocess.run([sys.executable, "-c", start.format(value=CANARY)], env=environment, check=True)
    assert "plain" in DETECTOR.forms_in(log.read_bytes())


def test_the_record_leaves_the_environment_of_a_started_program_out(tmp_path: Path) -> None:
    log = tmp_path / "started.jsonl"
    environment = {**os.environ, **record_started_processes(tmp_path / "site", log)}
    start = f"import os; os.execvpe('true', ['true', 'x'], {{**os.environ, 'KEY': {CANARY!r}}})"
    subprocess.run([sys.executable, "-c", start], env=environment, check=True)
    assert "os.exec" in log.read_text()
    assert DETECTOR.forms_in(log.read_bytes()) == set()
