"""Servers on this machine that stand for a gateway: what they were asked, by which clock they answer."""

from __future__ import annotations

import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext

from keyplan.doctor.choosing import in_claude_code
from keyplan.doctor.model import Setting
from keyplan.doctor.reading import of_environment

GATEWAY = "gateway.canary.example"


class Gateway(ThreadingHTTPServer):
    """Answers every request with a status, and a `Date` by the clock that it is given."""

    daemon_threads = True

    def __init__(
        self, context: SSLContext | None = None, *, status: int = 404, now: float | str | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.now = status, now
        self.requests: list[str] = []  # the line and the headers of each
        self.together = threading.Barrier(1)
        self.scheme = "http" if context is None else "https"
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the certificate ends the handshake: that is what is tested."""

    def __enter__(self) -> Gateway:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_HEAD(self) -> None:
        self.server.requests.append(f"{self.requestline}\n{self.headers}")
        self.server.together.wait(timeout=30)
        self.send_response_only(self.server.status)
        if self.server.now is not None:
            now = self.server.now
            self.send_header("Date", now if isinstance(now, str) else formatdate(now, usegmt=True))
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815 - as the base class looks for it

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def set_in(environment: dict[str, str]) -> list[Setting]:
    """The settings of an environment, and nothing else."""
    found = of_environment(environment)
    assert in_claude_code(found)
    return found
