"""Taking a value from a person at the terminal, without showing it, or from standard input."""

from __future__ import annotations

import getpass
import signal
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keyplan.errors import UsageError, ValueRejected
from keyplan.intake import INPUT_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_at_terminal() -> bool:
    """Whether a person can be asked: standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def standard_input() -> bytes:
    """Everything on standard input, as far as it can be a value.

    Raises:
        ValueRejected: standard input is closed.
    """
    if sys.stdin is None:
        raise ValueRejected("there is no value: standard input is closed", "give the value on standard input")
    # One byte beyond the limit and a line end tells that there is more; the rest need not be read.
    content: bytes = sys.stdin.buffer.read(INPUT_LIMIT_BYTES + 3)
    return content


def hidden_line(prompt: str) -> str:
    """Ask for one line that is not shown; empty when the person ends the input.

    The terminal's echo is back afterwards, also after Ctrl-C and SIGTERM. What was pasted after the first
    line is thrown away: it would otherwise be the shell's next command, and land in its history.

    Raises:
        UsageError: this terminal cannot hide what is typed.
        ValueRejected: what was typed is not text in the terminal's encoding.
        KeyboardInterrupt: Ctrl-C.
    """
    with _echo_safe_signals(), warnings.catch_warnings():
        # getpass would warn, and then show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except getpass.GetPassWarning:
            raise UsageError(
                "this terminal cannot hide what is typed", "give the value on standard input"
            ) from None
        except UnicodeDecodeError:
            raise ValueRejected(
                "the value is not text in the terminal's encoding", "give it on standard input"
            ) from None
        except EOFError:
            sys.stderr.write("\n")  # the prompt stands on the line
            return ""


@contextmanager
def _echo_safe_signals() -> Iterator[None]:
    """No signal may leave the terminal without echo, or bring it back while a value is being typed.

    SIGTERM becomes an exit that restores it. A stopped command (Ctrl-Z) is continued with the shell's
    settings, which echo: so it is not stopped.
    """
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)),
        signal.SIGTSTP: signal.signal(signal.SIGTSTP, signal.SIG_IGN),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
