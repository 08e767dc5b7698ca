"""How far a collection is: a line that is written over on a terminal, lines with --verbose, nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TextIO

from keyplan.collecting.calls import Call
from keyplan.collecting.refusals import Refusal

SECONDS_BETWEEN = 0.1


class Progress:
    """Counts calls, and shows them.

    Args:
        stream: where the line is written over; None where that is no terminal.
        report: takes a line for each call, for --verbose.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        stream: TextIO | None,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._report, self._clock = stream, report, clock
        self._lock = threading.Lock()
        self._answered = self._refused = self._width = 0
        self._shown_at = float("-inf")

    def asked(self, call: Call, refusal: Refusal | None) -> None:
        """A call was answered, or not."""
        about = f" {call.resource}" if call.resource else ""
        where = " ".join(filter(None, (call.account, call.region)))
        self._report(f"{where}: {call.action}{about}: {refusal.reason if refusal else 'answered'}")
        with self._lock:
            if refusal is None:
                self._answered += 1
            else:
                self._refused += 1
            if self._clock() - self._shown_at >= SECONDS_BETWEEN:
                self._shown_at = self._clock()
                self._show(f"collecting: {self._words()}, last {call.action}")

    def done(self) -> None:
        """Take the line away: what is printed next begins where it stood."""
        with self._lock:
            self._show("")

    def _words(self) -> str:
        refused = f", {self._refused:,} without an answer" if self._refused else ""
        return f"{self._answered:,} call{'' if self._answered == 1 else 's'} answered{refused}"

    def _show(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(f"\r{text}{' ' * (self._width - len(text))}{'' if text else chr(13)}")
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None  # whether anybody looks is not our business
        self._width = len(text)
