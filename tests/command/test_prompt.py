"""The hidden prompt on a real terminal: nothing is shown, and the terminal is as it was afterwards."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator

import pytest

from tests.command.environments import Environment, clean_environment, fake_key

PROMPT = b"not shown: "
WAIT_SECONDS = 60


class Terminal:
    """A terminal with `keyplan put anthropic` in it, or another verb, waiting at its prompt."""

    def __init__(self, environment: Environment, *shell: str, verb: str = "put") -> None:
        self.keyboard, self._screen = pty.openpty()
        self.before = termios.tcgetattr(self._screen)
        self.shown = b""
        self.process = subprocess.Popen(
            [*shell, *environment.command(verb, "anthropic")],
            stdin=self._screen,
            stdout=self._screen,
            stderr=self._screen,
            env=clean_environment(environment.directory),
            start_new_session=True,
            preexec_fn=lambda: self._own(),
        )
        self.read_until(PROMPT)

    def _own(self) -> None:
        """Make the terminal the new session's own, so that Ctrl-C and /dev/tty mean it."""
        import fcntl

        fcntl.ioctl(self._screen, termios.TIOCSCTTY, 0)

    def read_until(self, wanted: bytes | None) -> None:
        """Read what is shown until `wanted` is there, or the command has ended."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            has_ended = self.process.poll() is not None  # asked first: what it showed last is there to read
            ready, _, _ = select.select([self.keyboard], [], [], 0.05)
            if ready:
                self.shown += os.read(self.keyboard, 4096)
            elif has_ended:
                return
            if wanted is not None and wanted in self.shown:
                return
        raise AssertionError(f"not shown in time; shown was {self.shown!r}")

    def type(self, keys: bytes) -> None:
        os.write(self.keyboard, keys)

    def end(self) -> tuple[int, str]:
        """Wait for the command's end: its exit code, and all that was shown."""
        self.read_until(None)
        return self.process.wait(WAIT_SECONDS), self.shown.decode().replace("\r\n", "\n")

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._screen)[3] & termios.ECHO)

    def is_as_before(self) -> bool:
        return termios.tcgetattr(self._screen) == self.before

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.keyboard)
        os.close(self._screen)


@pytest.fixture
def terminal(environment: Environment) -> Iterator[Terminal]:
    opened = Terminal(environment)
    yield opened
    opened.close()


def test_what_is_typed_is_stored_and_not_shown(terminal: Terminal, environment: Environment) -> None:
    assert not terminal.echoes()
    terminal.type(f"{fake_key()}\n".encode())
    code, shown = terminal.end()
    assert code == 0
    assert fake_key() not in shown
    assert shown.startswith(
        f"value of anthropic for environment {environment.name}, not shown: \nstored a value"
    )
    assert environment.stored("anthropic") == {"ANTHROPIC_API_KEY": fake_key()}
    assert terminal.is_as_before()


def test_ctrl_c_stores_nothing_and_gives_the_terminal_back(
    terminal: Terminal, environment: Environment
) -> None:
    terminal.type(b"sk-ant-\x03")
    code, shown = terminal.end()
    assert code == 130
    assert shown.endswith("\ninterrupted; nothing was stored\n")
    assert terminal.is_as_before()
    assert environment.labels("anthropic") == []


def test_ctrl_d_is_no_value(terminal: Terminal) -> None:
    terminal.type(b"\x04")
    code, shown = terminal.end()
    assert code == 2
    assert "not shown: \nerror: there is no value: nothing was entered" in shown
    assert terminal.is_as_before()


def test_sigterm_gives_the_terminal_back(terminal: Terminal) -> None:
    os.kill(terminal.process.pid, signal.SIGTERM)
    code, _ = terminal.end()
    assert code == 143
    assert terminal.is_as_before()


def test_ctrl_z_does_not_leave_a_prompt_that_shows_what_is_typed(environment: Environment) -> None:
    # A shell with job control: only below one does Ctrl-Z stop anything.
    terminal = Terminal(environment, "sh", "-c", 'set -m; "$@"; exit $?', "sh")
    terminal.type(b"\x1a")
    time.sleep(0.3)
    assert not terminal.echoes()
    terminal.type(f"{fake_key()}\n".encode())
    code, _ = terminal.end()
    terminal.close()
    assert code == 0
    assert environment.stored("anthropic") == {"ANTHROPIC_API_KEY": fake_key()}


def test_what_was_pasted_after_the_first_line_does_not_reach_the_shell(terminal: Terminal) -> None:
    terminal.type(f"{fake_key()}\n{fake_key('y')}\n".encode())
    code, shown = terminal.end()
    assert code == 0
    assert "yyyy" not in shown
    waiting, _, _ = select.select([terminal._screen], [], [], 0)
    assert waiting == []


def test_a_rejected_value_is_not_shown_either(terminal: Terminal) -> None:
    terminal.type(f"'{fake_key()}'\n".encode())
    code, shown = terminal.end()
    assert code == 2
    assert "there is a quote around the value" in shown
    assert "xxxx" not in shown


def test_a_secret_that_cannot_take_a_value_is_told_before_the_prompt(environment: Environment) -> None:
    """The vendor shows a key once: it should not be pasted first and lost then."""
    environment.secrets.delete_secret(SecretId=environment.arn("anthropic"), RecoveryWindowInDays=7)
    terminal = Terminal(environment)
    code, shown = terminal.end()
    terminal.close()
    assert code == 3
    assert "is deleted, and can be restored" in shown
    assert "not shown: " not in shown
