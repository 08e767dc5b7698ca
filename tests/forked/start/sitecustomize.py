"""Python imports this before anything else: where a test asked for it, the sandbox's program is forked.

The process stays what its parent started: it hands its streams and its pipe over, passes signals on, and ends
as the forked one ended. When it is killed, the forked one is too: see `tests.forked.programs`.
"""

import os
import sys

ADDRESS = "KEYPLAN_TESTS_FORK_PROGRAMS"
PROGRAM = os.path.join("sandbox", "program", "child.py")


def _be_forked(address: str) -> None:
    import json
    import signal
    import socket

    passed_on = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)  # until it is known to whom
    streams = _inherited()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    environment = {name: text for name, text in os.environ.items() if name != ADDRESS}
    request = {"file": sys.orig_argv[-1], "environment": environment, "streams": streams}
    text = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(connection, [text], streams)
    connection.sendall(text[sent:])
    for number in streams:
        if number != 2:
            os.close(number)
    with connection.makefile() as heard:
        pid = int(heard.readline())
        for number in passed_on:
            signal.signal(number, lambda number, _: os.kill(pid, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
        code = int(heard.readline())
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _inherited() -> list[int]:
    """What the starter passed: Python opens its own so that no child has them."""
    import fcntl

    numbers = []
    for number in sorted(map(int, os.listdir("/dev/fd"))):
        try:
            flags = fcntl.fcntl(number, fcntl.F_GETFD)
        except OSError:
            continue  # the listing's own
        if not flags & fcntl.FD_CLOEXEC:
            numbers.append(number)
    return numbers


if ADDRESS in os.environ and sys.orig_argv[-1].endswith(PROGRAM):
    _be_forked(os.environ[ADDRESS])
