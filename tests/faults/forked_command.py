"""The keyplan command many times over: a process that has loaded it once and forks for every run.

A run is the whole command in a process of its own, which can be killed like any other; what is saved is
loading Python, boto3 and the clients, three quarters of a second each time. Waits between attempts are cut to
nothing, their number is not. Speaks lines of JSON over its own standard input and output.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import sys
import time
from typing import Any

SERVICES = ("secretsmanager", "sts", "cloudtrail")


def main() -> None:
    """Load, make the clients for each (endpoint, seconds) given as an argument, then run what is asked."""
    region, *clients = sys.argv[1:]
    made = _keep_clients()
    for text in clients:
        url, seconds = text.rsplit("=", 1)
        made(url, region, float(seconds))
    import keyplan

    for module in pkgutil.walk_packages(keyplan.__path__, "keyplan."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module.name)
    _shorten_waits()
    gc.collect()
    gc.freeze()  # so that no child copies what it only looks at
    _say({"ready": True})
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _be_the_command(json.loads(line))
        _say({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _say({"code": os.waitstatus_to_exitcode(status)})


def _keep_clients() -> Any:
    """Let `aws_clients` hand out what is there already; returns what makes it."""
    from keyplan.endpoints import Endpoint
    from keyplan.stores import aws_clients

    make, open_session = aws_clients.client, aws_clients.session
    kept: dict[tuple[Any, ...], Any] = {}
    sessions: dict[int, Any] = {}

    def session(endpoint: Any, profile: str | None = None) -> Any:
        is_sandbox = endpoint is not None and endpoint.is_sandbox
        return sessions[0] if is_sandbox and sessions else open_session(endpoint, profile)

    def client(service: str, region: str, endpoint: Any, timeout_seconds: float, **more: Any) -> Any:
        name = (service, region, endpoint.url if endpoint else "", timeout_seconds)
        return kept[name] if name in kept else make(service, region, endpoint, timeout_seconds, **more)

    def prepare(url: str, region: str, timeout_seconds: float) -> None:
        sessions.setdefault(0, open_session(Endpoint("sts", url)))
        for service in SERVICES:
            endpoint = Endpoint(service, url)
            kept[service, region, endpoint.url, timeout_seconds] = make(
                service, region, endpoint, timeout_seconds
            )

    aws_clients.client, aws_clients.session = client, session
    return prepare


def _shorten_waits() -> None:
    wait = time.sleep
    time.sleep = lambda seconds: wait(min(float(seconds), 0.001))


def _be_the_command(asked: dict[str, Any]) -> None:
    code = 70
    try:
        os.chdir(asked["directory"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        for number, name, flags in (
            (0, "stdin", os.O_RDONLY),
            (1, "stdout", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (2, "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ):
            os.dup2(os.open(name, flags, 0o600), number)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        from keyplan import cli

        code = cli.run(asked["arguments"])
        sys.stdout.flush()
    finally:
        os._exit(code)


def _say(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)  # noqa: T201  # the protocol


if __name__ == "__main__":
    main()
