"""What the vendor remembers while nothing runs: a file of one JSON object a line, without any value.

A key is there by its digest. Each change is one line, written whole before it counts; a line that was cut off
by a crash is left out. Opened once and written through its descriptor, since the sandbox's server may open no
file for writing when it serves.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from sandbox.vendor_server.world import VendorWorld


class JournalError(Exception):
    """A change could not be written, and did not happen. The text is for people."""


class JournalFile:
    """A journal on a disk."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, readable by this user only. Raises OSError where that cannot be."""
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def world(self) -> tuple[VendorWorld, int]:
        """What the file tells of, which writes to it from now on; and how many lines were no use."""
        world = VendorWorld(journal=self.append)
        with open(self._descriptor, "rb", closefd=False) as stream:
            content = stream.read()
        if content and not content.endswith(b"\n"):
            with contextlib.suppress(OSError):
                os.write(self._descriptor, b"\n")  # else the next line would continue one that was cut off
        lines = content.splitlines()
        useless = 0
        for line in lines:
            try:
                world.recall(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                useless += 1
        if len(lines) > len(world.entries()):
            self._begin_anew(world)
        return world, useless

    def append(self, entry: dict[str, Any]) -> None:
        """Write one line. Raises JournalError when it cannot be, and leaves the file as it was."""
        line = json.dumps(entry).encode() + b"\n"
        before = os.fstat(self._descriptor).st_size
        try:
            if os.write(self._descriptor, line) == len(line):
                return
            reason = "the disk is full"
        except OSError as error:
            reason = os.strerror(error.errno or 0)
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, before)
        raise JournalError(f"{self._path} cannot be written ({reason})")

    def _begin_anew(self, world: VendorWorld) -> None:
        """Write what is true now in place of how it came about; where that cannot be, the file stays."""
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        text = "".join(json.dumps(entry) + "\n" for entry in world.entries())
        try:
            temporary.touch(mode=0o600)
            temporary.write_text(text, encoding="ascii")
            os.replace(temporary, self._path)
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError:
            temporary.unlink(missing_ok=True)
            return
        os.close(self._descriptor)
        self._descriptor = descriptor
