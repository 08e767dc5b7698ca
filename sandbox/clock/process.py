"""One function's process, with its unpacked code: a JSON message a line in, an answer a line out.

Both clouds' functions run like this, each with a runner of its own (`runner.py`, `gcp/runner.py`).
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR")


def kept_variables() -> dict[str, str]:
    """What a function may know of this machine's environment."""
    return {variable: os.environ[variable] for variable in KEPT_VARIABLES if variable in os.environ}


class FunctionProcess:
    """A process that lives as long as its function is needed."""

    def __init__(
        self, runner: Path, archive: bytes, handler: str, environment: Mapping[str, str], *, show_logs: bool
    ) -> None:
        self._code = tempfile.TemporaryDirectory(prefix="keyplan-function-")
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            packed.extractall(self._code.name)
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(runner), self._code.name, handler],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if show_logs else subprocess.DEVNULL,
            env=environment,
            cwd=self._code.name,
            text=True,
        )

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """The runner's answer to one message; None when the process has ended."""
        assert self._process.stdin is not None  # noqa: S101  # both were asked for
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        return json.loads(answer) if answer else None

    def close(self) -> None:
        """End the process and forget the code."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.terminate()
        self._process.wait()
        self._code.cleanup()
