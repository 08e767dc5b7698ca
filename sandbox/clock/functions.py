"""Run the Lambda functions that are deployed in the sandbox: their own archive, handler and environment.

moto keeps a function's code and never runs it. Each function gets one process for as long as it is needed,
with the boto3 of this installation, and AWS_ENDPOINT_URL as its only way to a cloud.
"""

from __future__ import annotations

import base64
from pathlib import Path
from types import TracebackType
from typing import Any

from keyplan.errors import KeyplanError
from sandbox.clock.process import FunctionProcess, kept_variables
from sandbox.isolation import isolated
from sandbox.server.client import ServerClient, aws_client
from sandbox.server.record import ServerRecord

RUNNER = Path(__file__).with_name("runner.py")
ENDED = "Runtime.ExitError"  # what Lambda calls a process that ended


class FunctionRunner:
    """Runs functions by ARN; a context manager that ends their processes."""

    def __init__(self, record: ServerRecord, region: str, *, show_logs: bool = False) -> None:
        self._record = record
        self._region = region
        self._show_logs = show_logs
        self._administration = ServerClient(record)
        self._lambda = aws_client(record, "lambda", region)
        self._processes: dict[str, FunctionProcess] = {}

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
        answer = process.ask(event)
        error: str | None = ENDED if answer is None else answer["error"]
        return error

    def _start(self, function_arn: str) -> FunctionProcess:
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
        environment = {
            **isolated(kept_variables(), self._region),
            **settings.get("Environment", {}).get("Variables", {}),
            "AWS_ENDPOINT_URL": self._record.url,
            "AWS_LAMBDA_FUNCTION_NAME": name,
        }
        return FunctionProcess(RUNNER, archive, settings["Handler"], environment, show_logs=self._show_logs)


def function_name(arn: str) -> str:
    """The name in a function's ARN, without a version or alias."""
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 else arn
