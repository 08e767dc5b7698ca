"""What every plugin process does: serve on 127.0.0.1, print the port, and end with the engine.

Source: the engine reads one line with the port from the plugin's standard output and takes every later one
for the program's (pulumi/sdk/go/common/resource/plugin/plugin.go, v3.259.0, checked 2026-11-21).
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from sandbox.grpc_server import new_server

WATCH_SECONDS = 0.5
GRACE_SECONDS = 4


def serve(register: Callable[[Any], Callable[[], None]], engine: int) -> None:
    """Serve until the engine ends this process, or is gone itself.

    Args:
        register: adds the servicer to the server; what it returns is called at the end, before what is
            under way is waited for.
        engine: the process that started this one.
    """
    # Names and prints of programs are in any language; one that cannot be written must not end anything.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    ended = threading.Event()
    # The engine gives each plugin a process group of its own, so that Ctrl-C does not reach it: this signal
    # is the engine's way to say goodbye, and it waits five seconds for the process to go.
    for goodbye in (signal.SIGINT, signal.SIGTERM):
        signal.signal(goodbye, lambda *_: ended.set())
    server, port, _ = new_server()
    close = register(server)
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed cannot say goodbye.
    while not ended.wait(WATCH_SECONDS) and os.getppid() == engine:
        pass
    stopped = server.stop(GRACE_SECONDS)
    close()
    stopped.wait()
    os._exit(0)
