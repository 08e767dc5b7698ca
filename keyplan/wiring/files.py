"""Writing wiring to a file: whole or not at all, and private from the first byte where it holds values.

On Linux the bytes go into a file that has no name until it is complete: a process that is killed leaves
nothing behind. Elsewhere, and where a file is replaced, a named file stands beside the target for a moment,
with signals held back until it is gone; after a power cut the next run removes it.
"""

from __future__ import annotations

import os
import secrets
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keyplan.errors import UsageError

PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o644
Put = Callable[[bytes], None]
_HELD_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def resolve(path: Path) -> Path:
    """The absolute path without symbolic links: what is checked is what is written.

    Raises:
        UsageError: a directory, something that is no regular file, or a folder that does not exist.
    """
    try:
        found = path.resolve()
    except (OSError, RuntimeError):
        raise UsageError("the output's path leads through symbolic links in a circle") from None
    if not found.parent.is_dir():
        raise UsageError(f"there is no folder {found.parent}", f"mkdir -p {found.parent}")
    if found.is_dir():
        raise UsageError(f"{found} is a folder, not a file", "name the file too, as in `--output .env`")
    if os.path.lexists(found) and not stat.S_ISREG(found.lstat().st_mode):
        raise UsageError(f"{found} is not a regular file: nothing is written to it")
    return found


def starts_with_line(path: Path, line: str) -> bool:
    """Whether an existing file's first line is `line`."""
    expected = f"{line}\n".encode()
    return _start(path, len(expected)) == expected


def holds(path: Path, content: bytes) -> bool:
    """Whether an existing file is exactly `content`."""
    return _start(path, len(content) + 1) == content


def _start(path: Path, size_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size_bytes)
    except OSError:
        raise UsageError(f"{path} is there and cannot be read: it is not replaced") from None


def write(path: Path, content: bytes, mode: int) -> None:
    """Put `content` at `path`, which `resolve` returned: a reader sees the old file or the whole new one.

    Raises:
        UsageError: the folder refuses it, or the disk is full; then the old file is as it was.
    """
    with _failures_told(path), _signals_held():
        _remove_leftovers(path)
        _place(path, lambda put: put(content), mode)


def write_by(path: Path, fill: Callable[[Put], None], mode: int) -> None:
    """The same for what comes in pieces and may take its time: Ctrl-C is heard meanwhile, and leaves nothing.

    Where the file system knows no unnamed files, what ends the process without Python's knowing (SIGTERM)
    leaves the private file beside the target, which the next run removes.

    Args:
        fill: is called once, with what takes the pieces.

    Raises:
        UsageError: as `write`; whatever `fill` raises goes through.
    """
    with _failures_told(path):
        _remove_leftovers(path)
        _place(path, fill, mode)


@contextmanager
def _failures_told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {os.strerror(error.errno or 0).lower()}") from None


def _place(path: Path, fill: Callable[[Put], None], mode: int) -> None:
    beside = path.with_name(f"{_leftover_prefix(path)}{secrets.token_hex(8)}")
    descriptor, named = _open(beside, mode)
    try:
        os.fchmod(descriptor, mode)  # O_CREAT's mode is cut by the umask, never widened
        fill(lambda content: _write_all(descriptor, content))
        os.fsync(descriptor)
        if not named:
            new = not os.path.lexists(path)
            # Any src_dir_fd makes Python call linkat(2), which alone can follow the link in /proc; beside an
            # absolute path its number does not count.
            source = f"/proc/self/fd/{descriptor}"
            os.link(source, path if new else beside, src_dir_fd=descriptor, follow_symlinks=True)
            if new:
                return
        beside.rename(path)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise
    finally:
        os.close(descriptor)


def _open(beside: Path, mode: int) -> tuple[int, bool]:
    """A new file for writing, and whether it has a name already."""
    unnamed = getattr(os, "O_TMPFILE", None)
    if unnamed is not None and Path("/proc/self/fd").is_dir():
        # The file system may know no unnamed files: then it gets a name at once.
        with suppress(OSError):
            return os.open(beside.parent, os.O_WRONLY | os.O_CLOEXEC | unnamed, mode), False
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(beside, flags, mode), True


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _leftover_prefix(path: Path) -> str:
    return f".{path.name}.keyplan-"


def _remove_leftovers(path: Path) -> None:
    """Remove what a machine that lost power left beside the target."""
    for leftover in path.parent.iterdir():
        if leftover.name.startswith(_leftover_prefix(path)):
            with suppress(OSError):
                leftover.unlink()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Deliver Ctrl-C and its kin after the file is in place or gone, not in between."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
