"""Find a value where it must not be: in text, on disk, in names of files, in processes' arguments.

A value can leak whole or in part, plain or encoded, so every form that a serializer could give it is looked
for, and every 16 characters of it for themselves. Compressed files are looked into.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import threading
import urllib.parse
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

WINDOW_CHARACTERS = 16
# Every vendor key of one kind starts alike: a message may name that beginning, and no part of the rest.
PUBLIC_PREFIXES = ("sk-ant-api03-", "sk-ant-admin01-", "sk-ant-oat01-")


class LeakDetector:
    """Knows some values and finds them in anything."""

    def __init__(self, *values: str) -> None:
        self._forms: dict[bytes, str] = {}
        for value in values:
            for name, form in _forms_of(value):
                self._forms.setdefault(
                    form, name
                )  # one value's forms may be the same bytes: the first name wins

    def forms_in(self, blob: bytes | str) -> set[str]:
        """Names of the forms in which a value occurs in `blob`; empty when it does not."""
        data = blob.encode("utf-8", "surrogateescape") if isinstance(blob, str) else blob
        return {name for part in _unpacked(data) for form, name in self._forms.items() if form in part}

    def on_disk(self, *roots: Path, except_for: Iterable[Path] = ()) -> dict[str, set[str]]:
        """Paths under `roots` whose content or name holds a value -> the forms found there."""
        allowed = {path.resolve() for path in except_for}
        found: dict[str, set[str]] = {}
        for path in (path for root in roots for path in _files_under(root)):
            if path.resolve() in allowed:
                continue
            forms = self.forms_in(os.fsencode(path)) | self.forms_in(_content(path))
            if forms:
                found[str(path)] = forms
        return found


def _forms_of(value: str) -> Iterator[tuple[str, bytes]]:
    raw = value.encode()
    yield "plain", raw
    yield "UTF-16", value.encode("utf-16-le")
    yield "hexadecimal", raw.hex().encode()
    yield "JSON", json.dumps(value)[1:-1].encode()
    yield "URL", urllib.parse.quote(value, safe="").encode()
    for offset in range(3):
        # Base64 depends on where the value starts; its first and last characters depend on the neighbours.
        padded = base64.b64encode(b"\0" * offset + raw)
        core = padded[4 if offset else 0 : len(padded) // 4 * 4 - 4]
        yield "base64", core
        yield "base64", core.replace(b"+", b"-").replace(b"/", b"_")
    start = max((len(prefix) for prefix in PUBLIC_PREFIXES if value.startswith(prefix)), default=0)
    for place in range(start, len(value) - WINDOW_CHARACTERS + 1, 4):
        yield "a part", raw[place : place + WINDOW_CHARACTERS]


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    if data.startswith(b"\x1f\x8b"):
        try:
            yield gzip.decompress(data)
        except (OSError, EOFError):
            return
    if data.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from (archive.read(name) for name in archive.namelist())
        except zipfile.BadZipFile:
            return


def _files_under(root: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(root):
        yield from (Path(directory, name) for name in names)


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(os.readlink(path))
    try:
        return path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:  # gone between the listing and the reading
        return b""


class ProcessWatcher:
    """While it is entered, samples what every process of this machine shows of itself in /proc.

    Arguments may never hold a value. An environment may only hold it in a process whose arguments contain
    `program_marker`: the program that `keyplan exec` was asked to start, and what that starts.
    """

    def __init__(self, detector: LeakDetector, program_marker: str, interval_seconds: float = 0.1) -> None:
        self._detector, self._marker, self._interval = detector, program_marker.encode(), interval_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._clean: set[bytes] = set()  # most processes show the same in every sample
        self.leaks: set[str] = set()
        self.samples = 0

    def __enter__(self) -> ProcessWatcher:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        own = str(os.getpid())
        while not self._stop.is_set():
            for process in (name for name in os.listdir("/proc") if name.isdigit() and name != own):
                self._look_at(f"/proc/{process}")
            self.samples += 1
            self._stop.wait(self._interval)

    def _look_at(self, process: str) -> None:
        # The environment first: were it read last, it could belong to a program that replaced the one
        # whose arguments had been read.
        environment, arguments = _read_process(f"{process}/environ"), _read_process(f"{process}/cmdline")
        if self._holds(arguments):
            self.leaks.add(f"arguments of a process: {arguments.split(bytes(1))[0]!r}")
        if self._marker not in arguments and self._holds(environment):
            self.leaks.add(f"environment of a process: {arguments.split(bytes(1))[0]!r}")

    def _holds(self, shown: bytes) -> bool:
        if shown in self._clean:
            return False
        if self._detector.forms_in(shown):
            return True
        self._clean.add(shown)
        return False


class DiskWatcher:
    """While it is entered, reads every file under `roots` that is new or was changed, again and again.

    Finds what stands on disk for a moment only: a file that is overwritten or removed before anybody looks.
    """

    def __init__(
        self,
        detector: LeakDetector,
        roots: Iterable[Path],
        interval_seconds: float = 0.1,
    ) -> None:
        self._detector, self._roots, self._interval = detector, tuple(roots), interval_seconds
        self._seen: dict[Path, tuple[int, int, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.leaks: set[str] = set()

    def __enter__(self) -> DiskWatcher:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            for path in (path for root in self._roots for path in _files_under(root)):
                self._look_at(path)

    def _look_at(self, path: Path) -> None:
        try:
            found = path.lstat()
        except OSError:  # gone between the listing and the look
            return
        state = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._seen.get(path) == state:
            return
        self._seen[path] = state
        if self._detector.forms_in(_content(path)):
            self.leaks.add(str(path))


def _read_process(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError:  # the process is gone, or another user's
        return b""


# Installed as sitecustomize, it writes the arguments of every process that a Python process starts or
# becomes: a process that lives shorter than the watcher's interval can't hide. Environments are left out,
# since the program of `keyplan exec` is handed its value there.
RECORD_STARTED_PROCESSES = """
import json, os, sys
def _record(event, arguments):
    if event in ("os.exec", "subprocess.Popen", "os.posix_spawn", "os.system"):
        parts = arguments[:1] if event == "os.system" else arguments[:2]
        line = json.dumps([event, repr(parts)]) + "\\n"
        handle = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, line.encode()), os.close(handle)
sys.addaudithook(_record)
"""


def record_started_processes(directory: Path, log: Path) -> Mapping[str, str]:
    """Environment variables under which Python processes append what they start to `log`."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "sitecustomize.py").write_text(RECORD_STARTED_PROCESSES.replace("{log!r}", repr(str(log))))
    return {"PYTHONPATH": str(directory)}
