"""Run the Lambda functions that are deployed in the sandbox: their own archive, handler and environment.

moto keeps a function's code and never runs it. Each function gets one process for as long as it is needed,
with the boto3 of this installation, and AWS_ENDPOINT_URL as its only way to a cloud.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Any

from keyplan.errors import KeyplanError
from sandbox.isolation import isolated
from sandbox.server.client import ServerClient, aws_client
from sandbox.server.record import ServerRecord

RUNNER = Path(__file__).with_name("runner.py")
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR")


class FunctionRunner:
    """Runs functions by ARN; a context manager that ends their processes."""

    def __init__(self, record: ServerRecord, region: str, *, show_logs: bool = False) -> None:
        self._record = record
        self._region = region
        self._show_logs = show_logs
        self._administration = ServerClient(record)
        self._lambda = aws_client(record, "lambda", region)
        self._processes: dict[str, _FunctionProcess] = {}

    def __enter__(self) -> FunctionRunner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            process.close()

    def run(self, function_arn: str, event: dict[str, Any]) -> str | None:
        """Run a function once. Returns None when it ended well, else the name of its exception's type.

        Raises KeyplanError when there is no such function.
        """
        process = self._processes.get(function_arn)
        if process is None:
            process = self._processes[function_arn] = self._start(function_arn)
        return process.run(event)

    def _start(self, function_arn: str) -> _FunctionProcess:
        from botocore.exceptions import ClientError

        name = function_name(function_arn)
        try:
            settings = self._lambda.get_function_configuration(FunctionName=name)
        except ClientError:
            raise KeyplanError(
                f"the function {name} is not deployed in the sandbox", "python -m sandbox up"
            ) from None
        archive = base64.b64decode(
            self._administration.ask("function", name=name, region=self._region)["archive"]
        )
        kept = {variable: os.environ[variable] for variable in KEPT_VARIABLES if variable in os.environ}
        environment = {
            **isolated(kept, self._region),
            **settings.get("Environment", {}).get("Variables", {}),
            "AWS_ENDPOINT_URL": self._record.url,
            "AWS_LAMBDA_FUNCTION_NAME": name,
        }
        return _FunctionProcess(archive, settings["Handler"], environment, show_logs=self._show_logs)


def function_name(arn: str) -> str:
    """The name in a function's ARN, without a version or alias."""
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 else arn


class _FunctionProcess:
    """One function's process, with its unpacked code."""

    def __init__(self, archive: bytes, handler: str, environment: dict[str, str], *, show_logs: bool) -> None:
        self._code = tempfile.TemporaryDirectory(prefix="keyplan-function-")
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            packed.extractall(self._code.name)
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(RUNNER), self._code.name, handler],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if show_logs else subprocess.DEVNULL,
            env=environment,
            cwd=self._code.name,
            text=True,
        )

    def run(self, event: dict[str, Any]) -> str | None:
        assert self._process.stdin is not None  # noqa: S101  # both were asked for
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(event) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            return "Runtime.ExitError"  # what Lambda calls a process that ended
        error: str | None = json.loads(answer)["error"]
        return error

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.terminate()
        self._process.wait()
        self._code.cleanup()
