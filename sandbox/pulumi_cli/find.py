"""Which `pulumi` the sandbox runs: the one on PATH, the one in Pulumi's own folder, or keyplan's own copy.

Owns the order, the oldest version that works, and the words for every `pulumi` that was passed over.
Nothing is installed or built here (sandbox.pulumi_cli.obtain does that), and nothing but PATH, HOME and
XDG_CACHE_HOME is read: they survive sandbox.isolation, so every command of the sandbox finds the same engine.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from keyplan.errors import KeyplanError

PROGRAM = "pulumi"
LANGUAGE_HOST = "pulumi-language-python"
ON_PATH = "the one on PATH"
INSTALLED = "the one that Pulumi's installer left"
OWN_COPY = "keyplan's own copy"
OBTAIN_COMMAND = "python -m sandbox engine --obtain"
INSTALL_PAGE = "https://www.pulumi.com/docs/install/"

# What pulumi-aws 7.51 and pulumi-gcp 10.2 ask for ("pulumi<4.0.0,>=3.231.0" in their package metadata, read
# 2026-11-21; a test compares): an engine and the SDK of one program are released together.
OLDEST = (3, 231, 0)
MAJOR = 3

# A cold start from a slow disk takes seconds; who does not answer by then never will.
ANSWER_SECONDS = 20.0
ANSWER_BYTES = 4096
# What is smaller may stand in for an engine that is elsewhere: the engine itself has 115 MB (3.259.0).
ENGINE_BYTES = 32 << 20
NOTHING_KNOWN: Mapping[str, str] = {}
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)((?:[-+][0-9A-Za-z.+-]*)?)")


@dataclass(frozen=True)
class Engine:
    """A `pulumi` that answers and is new enough."""

    binary: Path
    """Absolute path of `pulumi`."""
    version: str
    """As it says itself, without the `v`: `3.259.0`."""
    origin: str
    """Where it comes from, in words: `the one on PATH`."""
    language_host: Path | None
    """`pulumi-language-python` beside it; None when this distribution has none."""


@dataclass(frozen=True)
class PassedOver:
    """A `pulumi` that exists and cannot be used."""

    binary: Path
    reason: str
    """Completes the sentence that starts with its path: `is a directory`."""

    def __str__(self) -> str:
        return f"{self.binary} {self.reason}"


@dataclass(frozen=True)
class Search:
    """What a search found: the engine to use, and what was passed over on the way to it, in order."""

    engine: Engine | None
    passed_over: tuple[PassedOver, ...]


def find_engine(environ: Mapping[str, str]) -> Engine | None:
    """The engine to use; None when there is none. Never installs one."""
    return search(environ).engine


def require_engine(environ: Mapping[str, str], known: Mapping[str, str] = NOTHING_KNOWN) -> Engine:
    """The engine to use; `known` as in `search`. Raises KeyplanError, with the command that gets one."""
    found = search(environ, known)
    if found.engine is None:
        raise engine_missing(found.passed_over)
    return found.engine


def engine_missing(passed_over: tuple[PassedOver, ...]) -> KeyplanError:
    """The error for a machine without a usable engine; names each one that was passed over, and why."""
    message = "there is no pulumi on PATH, and keyplan has no copy of its own"
    if passed_over:
        message = "no pulumi of this machine can be used" + "".join(f"\n  {one}" for one in passed_over)
    return KeyplanError(message, f"{OBTAIN_COMMAND}, or install Pulumi: {INSTALL_PAGE}")


def search(environ: Mapping[str, str], known: Mapping[str, str] = NOTHING_KNOWN) -> Search:
    """Try every `pulumi` of this machine in order until one can be used.

    Args: known: what engines answered before, by their fingerprints; these are not asked again.
    """
    passed_over: list[PassedOver] = []
    tried: set[str] = set()
    for binary, origin in _candidates(environ):
        real = os.path.realpath(binary)
        if real in tried:
            continue
        tried.add(real)
        verdict = examine(binary, origin, environ, known)
        if isinstance(verdict, Engine):
            return Search(verdict, tuple(passed_over))
        passed_over.append(verdict)
    return Search(None, tuple(passed_over))


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Where keyplan keeps engines of its own: one folder a version, with `bin/pulumi` in it."""
    cache = environ.get("XDG_CACHE_HOME", "")
    # The specification of base directories has relative paths ignored.
    base = Path(cache) if os.path.isabs(cache) else _home(environ) / ".cache"
    return base / "keyplan" / "engine"


def own_copies(environ: Mapping[str, str]) -> list[Path]:
    """The `pulumi` of every version in the cache, newest first. An unfinished one has another name."""
    try:
        folders = [(parse_version(folder.name), folder) for folder in cache_directory(environ).iterdir()]
    except OSError:
        return []
    numbered = [(numbers, folder) for numbers, folder in folders if numbers and folder.name.startswith("v")]
    return [folder / "bin" / PROGRAM for _, folder in sorted(numbered, reverse=True)]


def parse_version(text: str) -> tuple[int, int, int] | None:
    """`v3.259.0` or `3.260.0-alpha.1` as numbers; None for anything else."""
    match = _VERSION.fullmatch(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def examine(
    binary: Path, origin: str, environ: Mapping[str, str], known: Mapping[str, str] = NOTHING_KNOWN
) -> Engine | PassedOver:
    """Whether this `pulumi` can be used: it is a program, it answers, and its version fits."""
    if not binary.exists():
        return PassedOver(binary, "is a link to nothing")
    if binary.is_dir():
        return PassedOver(binary, "is a directory")
    if not os.access(binary, os.X_OK):
        return PassedOver(binary, "is not executable")
    status = binary.stat()
    mark = fingerprint(binary)
    answer: str | PassedOver | None = known.get(mark) if mark else None
    if answer is None:
        answer = _ask_version(binary, status.st_mtime_ns, status.st_size, frozenset(environ.items()))
    if isinstance(answer, PassedOver):
        return answer
    numbers = parse_version(answer)
    if numbers is None:
        return PassedOver(binary, "does not answer `pulumi version` with a version")
    version = answer.removeprefix("v")
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return PassedOver(
            binary, f"is version {version}, and the oldest that works with this program is {oldest}"
        )
    if numbers[0] > MAJOR:
        return PassedOver(binary, f"is version {version}, and this program is written for version {MAJOR}")
    return Engine(binary, version, origin, _language_host(binary))


def fingerprint(binary: Path) -> str | None:
    """Tells this file from every other and from itself after a change; None for what may be a shim.

    A script and a version manager's stand-in answer as their own settings say, which nobody sees here: what
    one answered before says nothing. The engine is a big program under its own name.
    """
    real = Path(os.path.realpath(binary))
    status = real.stat()
    if real.name != PROGRAM or status.st_size < ENGINE_BYTES:
        return None
    parts = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return "-".join(map(str, parts))


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for entry in environ.get("PATH", "").split(os.pathsep):
        # A relative entry means another folder in every directory: a checkout must not bring its own engine.
        if os.path.isabs(entry) and os.path.lexists(Path(entry) / PROGRAM):
            yield Path(entry) / PROGRAM, ON_PATH
    installed = _home(environ) / ".pulumi" / "bin" / PROGRAM
    if os.path.lexists(installed):
        yield installed, INSTALLED
    for copy in own_copies(environ):
        if os.path.lexists(copy):
            yield copy, OWN_COPY


def _home(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME", "")
    return Path(home) if os.path.isabs(home) else Path.home()


def _language_host(binary: Path) -> Path | None:
    """Beside `pulumi` as it was found, or beside the file that it is a link to."""
    for folder in (binary.parent, Path(os.path.realpath(binary)).parent):
        host = folder / LANGUAGE_HOST
        if host.is_file() and os.access(host, os.X_OK):
            return host
    return None


@lru_cache(maxsize=64)
def _ask_version(
    binary: Path, _changed_ns: int, _size_bytes: int, environ: frozenset[tuple[str, str]]
) -> str | PassedOver:
    """The first line that `pulumi version` prints. Asked once a process, and again when the file changed."""
    # The engine writes a log of each of its commands below PULUMI_HOME, which is the user's own by default.
    with tempfile.TemporaryDirectory(prefix="keyplan-engine-") as home:
        environment = {**dict(environ), "PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        try:
            process = subprocess.Popen(
                [binary, "version"],
                env=environment,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            return PassedOver(binary, f"cannot be started ({os.strerror(error.errno or 0).lower()})")
        try:
            printed = _read_within(process, ANSWER_SECONDS)
        finally:
            _end(process)
    if printed is None:
        return PassedOver(binary, f"gave no version within {ANSWER_SECONDS:.0f} seconds")
    if not printed and process.returncode:
        return PassedOver(binary, f"is broken: `pulumi version` ended with {_ending(process.returncode)}")
    return (printed.decode("utf-8", "replace").splitlines() or [""])[0].strip()


def _read_within(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """What it prints until it closes its output, cut off after ANSWER_BYTES; None when time runs out."""
    assert process.stdout is not None  # noqa: S101  # Popen was called with a pipe
    deadline = time.monotonic() + seconds
    printed = b""
    while len(printed) < ANSWER_BYTES:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        piece = os.read(process.stdout.fileno(), ANSWER_BYTES)
        if not piece:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            break
        printed += piece
    return printed


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with everything that it started: a shim of a version manager runs the engine as its child."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None  # noqa: S101
    process.stdout.close()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
