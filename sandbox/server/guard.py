"""What the server's process may never do: reach the network, write a file, start a program.

moto would post to web hooks, record requests to a file and ask Docker; none of that may happen to values. The
vendor's journal, which has none, is open before. The rules are enforced by Python's audit events, which no
library can switch off. Source: Python documentation, "Audit events table".
"""

from __future__ import annotations

import os
import re
import resource
import sys
from typing import Any

WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
# Python's own compiled modules, which it writes under a temporary name first; they are code, never data.
COMPILED_MODULE = re.compile(r"\.pyc(\.[0-9]+)?$")
STARTS_A_PROGRAM = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"}
)


def guard_this_process() -> None:
    """Install the rules for the rest of the process's life, and leave no memory image when it crashes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_audit)


def _audit(event: str, details: tuple[Any, ...]) -> None:
    if event == "open":
        _refuse_writing(details)
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        _refuse_leaving(details[1])
    elif event == "socket.getaddrinfo" and not _is_loopback(details[0]):
        raise PermissionError("the sandbox's server resolves no names")
    elif event in STARTS_A_PROGRAM:
        raise PermissionError("the sandbox's server starts no programs")


def _refuse_writing(details: tuple[Any, ...]) -> None:
    path, mode, flags = details
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & WRITE_FLAGS)
    if not writes or isinstance(path, int):
        return
    name = os.fsdecode(path)
    if name != os.devnull and not COMPILED_MODULE.search(name):
        raise PermissionError("the sandbox's server writes no files")


def _refuse_leaving(address: Any) -> None:
    host = address[0] if isinstance(address, tuple) and address else None
    if not (isinstance(host, str) and _is_loopback(host)):
        raise PermissionError("the sandbox's server reaches nothing outside this machine")


def _is_loopback(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in (None, "", "localhost", "::1") or str(name).startswith("127.")
