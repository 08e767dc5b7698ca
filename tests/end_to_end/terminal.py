"""A person at a terminal: runs a command on a pseudo terminal, waits for a prompt, types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Sequence

from tests.end_to_end.project_copy import LIMIT_SECONDS, ProjectCopy, Ran


def at_terminal(copy: ProjectCopy, command: Sequence[str], prompt: str, typed: str) -> Ran:
    """Run `command` in the copy on a terminal of its own and type `typed` when `prompt` is shown.

    Typing before the prompt would be echoed by the terminal itself, before any program could stop it.
    Everything that the terminal showed is the result's `stdout`.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        list(command),
        cwd=copy.directory,
        env=copy.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(theirs),
    )
    os.close(theirs)
    shown, sent, deadline = b"", False, time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        has_ended = process.poll() is not None  # asked first: what it showed last is there to read
        ready, _, _ = select.select([ours], [], [], 0.2)
        try:
            part = os.read(ours, 65_536) if ready else b""
        except OSError:  # the other end is closed: the program ended
            break
        shown += part
        if ready and not part:
            break
        if not sent and prompt.encode() in shown:
            os.write(ours, typed.encode())
            sent = True
        if not ready and has_ended:
            break
    os.close(ours)
    code = process.wait(timeout=LIMIT_SECONDS)
    text = shown.decode(errors="replace")
    copy.said.append(text)
    return Ran(code, text, "")


def _take_terminal(descriptor: int) -> None:
    """Make the terminal the controlling one of the new session, so that Ctrl-C in it is a signal."""
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
