"""Run the Cloud Run functions that are deployed in the sandbox: their uploaded source, as their own account.

Each function gets one process for as long as it is needed, and a metadata server that says who it is. The
sandbox's server then decides what that account may read, as Google does.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from keyplan.errors import KeyplanError
from sandbox.clock.gcp.client import GoogleClient
from sandbox.clock.gcp.metadata import MetadataServer
from sandbox.clock.process import FunctionProcess, kept_variables
from sandbox.isolation import LOOPBACK
from sandbox.server.record import ServerRecord

RUNNER = Path(__file__).with_name("runner.py")
URL_VARIABLE = "KEYPLAN_SECRETMANAGER_URL"
ENDED = "the process ended"


@dataclass(frozen=True)
class Run:
    """What came of one call."""

    error: str | None  # the name of an exception's type; None where it went well
    lines: list[str]  # that the function wrote to standard output


@dataclass
class _Started:
    process: FunctionProcess
    metadata: MetadataServer

    def close(self) -> None:
        self.process.close()
        self.metadata.close()


class GoogleFunctionRunner:
    """Calls functions, given as the API describes them; a context manager that ends their processes."""

    def __init__(self, record: ServerRecord, *, show_logs: bool = False) -> None:
        self._record = record
        self._show_logs = show_logs
        self._client = GoogleClient(record)
        self._started: dict[str, _Started] = {}

    def __enter__(self) -> GoogleFunctionRunner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for started in self._started.values():
            started.close()
        self._started.clear()

    def run(self, function: dict[str, Any], headers: dict[str, str]) -> Run:
        """Call a function once. Raises KeyplanError where its source is gone."""
        name = function["name"]
        started = self._started.get(name)
        if started is None:
            started = self._started[name] = self._start(function)
        answer = started.process.ask({"headers": headers})
        if answer is None:
            # Cloud Run starts another instance for the next request.
            self._started.pop(name).close()
            return Run(ENDED, [])
        if self._show_logs:
            sys.stderr.writelines(f"{line}\n" for line in answer["lines"])
        return Run(answer["error"], answer["lines"])

    def _start(self, function: dict[str, Any]) -> _Started:
        build, config = function["buildConfig"], function["serviceConfig"]
        place = build["source"]["storageSource"]
        archive = self._client.download(place["bucket"], place["object"])
        short = function["name"].rpartition("/")[2]
        if archive is None:
            raise KeyplanError(f"the source of the function {short} is gone", "python -m sandbox up")
        metadata = MetadataServer(config["serviceAccountEmail"])
        environment = {
            **kept_variables(),
            "NO_PROXY": LOOPBACK,
            "no_proxy": LOOPBACK,
            "K_SERVICE": short,
            "K_REVISION": config.get("revision", short),
            "FUNCTION_TARGET": build["entryPoint"],
            **config.get("environmentVariables", {}),
            "GCE_METADATA_HOST": metadata.host,
            URL_VARIABLE: self._record.gcp_url,
        }
        entry_point = f"main.{build['entryPoint']}"
        process = FunctionProcess(RUNNER, archive, entry_point, environment, show_logs=self._show_logs)
        return _Started(process, metadata)
