"""Becoming another program. The one place that starts what `keyplan exec` was asked for.

The process is replaced, not watched: the program has this process's id, terminal and signals, and its exit
status is exactly what the caller sees.
"""

from __future__ import annotations

import os
import signal
import sys

from keyplan.errors import KeyplanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

# As shells report them. Source: POSIX, Shell Command Language, 2.8.2 "Exit Status for Commands".
EXIT_NOT_EXECUTABLE = 126
EXIT_NOT_FOUND = 127


class NotStarted(KeyplanError):  # noqa: N818  # named like the other states in keyplan.errors
    """The program could not be started."""

    def __init__(self, message: str, hint: str | None, exit_code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code


def replace(command: Sequence[str], environ: Mapping[bytes, bytes]) -> NoReturn:
    """Become `command` with `environ`; does not return.

    Python ignores SIGPIPE and SIGXFSZ, and a program would inherit that (`yes | head` would not end): both
    get their default back. Signals that the caller ignores (nohup) stay ignored; Python's own handlers end
    here.

    Raises:
        NotStarted: with exit code 127 where there is no such program, 126 where it cannot be run.
    """
    sys.stdout and sys.stdout.flush()
    sys.stderr and sys.stderr.flush()
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvpe(command[0], list(command), dict(environ))  # noqa: S606  # no shell is the point
    except FileNotFoundError:
        raise NotStarted(
            "the program was not found",
            "check its name and PATH; a script's first line may name one too",
            EXIT_NOT_FOUND,
        ) from None
    except PermissionError:
        raise NotStarted(
            "the program cannot be run: it is not executable",
            "chmod +x, or name its interpreter",
            EXIT_NOT_EXECUTABLE,
        ) from None
    except OSError as error:
        import errno

        words = (
            "the arguments and the environment are too large"
            if error.errno == errno.E2BIG
            else ("the file is not a program that this machine can run")
        )
        raise NotStarted(f"the program cannot be run: {words}", None, EXIT_NOT_EXECUTABLE) from None
