"""moto is asked one thing at a time, and a client that sends slowly keeps nobody waiting."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterable
from typing import Any

from sandbox.server.application import SandboxApplication

PORT = 4000


class Cloud:
    """Counts how many requests are inside at once."""

    def __init__(self) -> None:
        self.inside = self.most_inside = self.answered = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        time.sleep(0.02)
        self.inside -= 1
        self.answered += 1
        return [environ["wsgi.input"].read()]


class SlowBody(io.BytesIO):
    """A body whose sender waits until somebody says go."""

    def __init__(self, content: bytes, go: threading.Event) -> None:
        super().__init__(content)
        self._go = go

    def read(self, size: int | None = -1) -> bytes:
        assert self._go.wait(30)
        return super().read(size)


def ask(application: SandboxApplication, body: io.BytesIO, length: int) -> bytes:
    environ = {
        "HTTP_HOST": f"127.0.0.1:{PORT}",
        "PATH_INFO": "/",
        "CONTENT_LENGTH": str(length),
        "wsgi.input": body,
    }
    return b"".join(application(environ, lambda *_: None))


def test_requests_take_turns() -> None:
    cloud = Cloud()
    application = SandboxApplication(cloud, None, PORT)  # type: ignore[arg-type]  # no such request here
    threads = [threading.Thread(target=ask, args=(application, io.BytesIO(b"x"), 1)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (cloud.answered, cloud.most_inside) == (8, 1)


def test_a_body_that_arrives_slowly_keeps_nobody_waiting() -> None:
    cloud, go = Cloud(), threading.Event()
    application = SandboxApplication(cloud, None, PORT)  # type: ignore[arg-type]  # no such request here
    slow = threading.Thread(target=ask, args=(application, SlowBody(b"slow", go), 4))
    slow.start()
    assert ask(application, io.BytesIO(b"quick"), 5) == b"quick"
    assert cloud.answered == 1
    go.set()
    slow.join()
    assert cloud.answered == 2
