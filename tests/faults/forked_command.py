"""The keyplan command many times over: a process that has loaded it once and forks for every run.

A run is the whole command in a process of its own, which can be killed like any other; what is saved is
loading Python, boto3 and the clients, three quarters of a second each time. Waits between attempts are cut to
nothing, their number is not. Unlike `tests.forked.server` it keeps its clients, and tells a run's process
before the run ends. Speaks lines of JSON over its own standard input and output.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from typing import Any

from tests.forked.server import be_the_command, import_keyplan

SERVICES = ("secretsmanager", "sts", "cloudtrail")


def main() -> None:
    """Load, make the clients for each (endpoint, seconds) given as an argument, then run what is asked."""
    region, *clients = sys.argv[1:]
    made = _keep_clients()
    for text in clients:
        url, seconds = text.rsplit("=", 1)
        made(url, region, float(seconds))
    import_keyplan()
    _shorten_waits()
    gc.collect()
    gc.freeze()  # so that no child copies what it only looks at
    _say({"ready": True})
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _run(json.loads(line))
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


def _run(asked: dict[str, Any]) -> None:
    """Become the run; its standard streams are files in its folder."""
    written = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    modes = {"stdin": os.O_RDONLY, "stdout": written, "stderr": written}
    folder = asked["directory"]
    be_the_command(asked, [os.open(os.path.join(folder, name), mode, 0o600) for name, mode in modes.items()])


def _say(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)  # noqa: T201  # the protocol


if __name__ == "__main__":
    main()
