"""What was answered so far, in a file beside the snapshot: a collection that was cut off can be resumed.

One answer a line, appended whole: a process that is killed leaves at most one torn line, at the end, which is
cut off when the file is opened again. Each line begins with its checksum: what was damaged or edited since is
no answer of AWS, and is asked again. The file is private, belongs to one process at a time, and goes when the
snapshot is complete. Failures are not in it: they are asked again.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keyplan.collecting.calls import is_of
from keyplan.errors import UsageError
from keyplan.wiring.files import PRIVATE_MODE

FORMAT = "keyplan-collection/2"
SUFFIX = ".collecting"


@dataclass(frozen=True)
class Header:
    """Whose answers they are: `place` is AWS, or the host that stands for it."""

    account: str
    place: str
    began: str  # `2026-11-22T01:02:03Z`
    format: str = FORMAT


class Journal:
    """Answers by call. Without a path nothing is written. Threads may share one."""

    def __init__(self, path: Path | None, header: Header, *, resume: bool) -> None:
        """
        Args:
            path: the work file.
            header: what a new file gets.
            resume: whether to go on with what the file has; otherwise it begins anew.

        Raises:
            UsageError: another process writes it, it is somebody else's, or it is of another account.
        """
        self.header = header
        self.path = path
        self.found_before = False  # whether there was a file with answers, resumed or not
        self._answers: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        if path is not None:
            self._open(path, resume)

    @property
    def kept(self) -> int:
        """How many answers it has."""
        return len(self._answers)

    def has_account(self, account: str) -> bool:
        """Whether it has answers of an account."""
        return any(is_of(account, key) for key in self._answers)

    def get(self, key: str) -> Any:
        """The answer to a call; None where there is none yet."""
        return self._answers.get(key)

    def put(self, key: str, answer: Any) -> None:
        """Keep an answer; when this returns, the process may be killed."""
        with self._lock:
            self._answers[key] = answer
            if self._descriptor is not None:
                _write_all(self._descriptor, _answer_line(key, answer))

    def forget(self, key: str) -> None:
        """Let a call be asked again."""
        with self._lock:
            self._answers.pop(key, None)

    def close(self, *, remove: bool) -> None:
        """Let others write it, or remove it."""
        with self._lock:
            if self._descriptor is None or self.path is None:
                return
            if remove:
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, path: Path, resume: bool) -> None:
        try:
            self._descriptor = _locked(path)
            content = _whole_lines(self._descriptor)
            self.found_before = content.count(b"\n") > 1
            if resume and content:
                self._read(path, content)
            else:
                os.ftruncate(self._descriptor, 0)
                _write_all(self._descriptor, _json(asdict(self.header)) + b"\n")
        except OSError as error:
            words = os.strerror(error.errno or 0).lower()
            raise UsageError(f"the work file {path} cannot be written: {words}") from None
        except UsageError:
            self.close(remove=False)  # somebody else may have use for it
            raise

    def _read(self, path: Path, content: bytes) -> None:
        lines = content.split(b"\n")
        header = _loaded(lines[0])
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise UsageError(
                f"{path} is not the work file of a collection: nothing is resumed",
                "remove it, or name another --out; without --resume it is replaced",
            )
        if (header.get("account"), header.get("place")) != (self.header.account, self.header.place):
            raise UsageError(
                f"{path} is of another collection: account {header.get('account')} at {header.get('place')}, "
                f"and this one is of account {self.header.account} at {self.header.place}",
                "use the same credentials and manifest as before, or begin anew without --resume",
            )
        self.header = Header(self.header.account, self.header.place, str(header.get("began")))
        self._answers = dict(_answers(lines[1:]))


def work_file(out: Path) -> Path:
    """Where the answers for a snapshot are kept meanwhile."""
    return out.with_name(f"{out.name}{SUFFIX}")


def _locked(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        descriptor = os.open(path, flags, PRIVATE_MODE)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise UsageError(f"{path} is not a file of yours: it is not used")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.fchmod(descriptor, PRIVATE_MODE)
            if os.path.exists(path) and os.stat(path).st_ino == status.st_ino:
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise UsageError(
                f"another `keyplan audit collect` is writing {path}", "wait for it, or name another --out"
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # somebody finished and removed it between the two calls


def _whole_lines(descriptor: int) -> bytes:
    """The content up to the last line's end; the rest, which a killed process left, is cut off."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) != len(content):
        os.ftruncate(descriptor, len(whole))
    return whole


def _answers(lines: Sequence[bytes]) -> Iterator[tuple[str, Any]]:
    """The answers by call of lines that are as they were written."""
    for line in lines:
        checksum, _, text = line.partition(b" ")
        if checksum == _checksum(text):
            key, answer = json.loads(text)
            yield key, answer


def _answer_line(key: str, answer: object) -> bytes:
    text = _json([key, answer])
    return _checksum(text) + b" " + text + b"\n"


def _checksum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _json(entry: object) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode()


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
