"""A proxy in front of the clouds and the vendor that numbers a command's requests and spoils the one it is
told to.

One number line for all services: request 7 is the seventh that the command sends, whoever it goes to. What is
spoiled is one request, or from that one on every request of the same service or operation.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.faults.answers import Door, Refusal, refusal_of

NOT_PASSED_ON = {"connection", "content-length", "date", "host", "server", "transfer-encoding"}


class Blow(StrEnum):
    """What can happen to a request beside a refusal."""

    KILLED_BEFORE = "killed before"  # the client dies, the request never arrives
    KILLED_AFTER = "killed after"  # it is done, the client dies before it hears of it
    CUT = "cut"  # the connection ends, the request never arrives
    LOST = "lost"  # it is done, and the connection ends without an answer
    LATE = "late"  # the client gives up waiting; then it arrives


class Lasts(StrEnum):
    """What else is spoiled from then on."""

    ONCE = "once"
    OPERATION = "this operation"
    SERVICE = "this service"


@dataclass(frozen=True)
class Fault:
    """What happens to request number `at`, the first being 1."""

    what: Blow | Refusal
    at: int
    lasts: Lasts = Lasts.ONCE

    def __str__(self) -> str:
        more = "" if self.lasts is Lasts.ONCE else f" from then on for {self.lasts}"
        return f"request {self.at} {self.what}{more}"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    number: int
    door: Door
    operation: str  # `PutSecretValue`, `POST …:addVersion`

    def __str__(self) -> str:
        return f"{self.number} {self.door} {self.operation}"


@dataclass
class FaultProxy:
    """Serves on one port of 127.0.0.1 for each service that is behind it."""

    behind: dict[Door, str]  # the services' own URLs
    asked: list[Asked] = field(default_factory=list)
    fault: Fault | None = None
    struck: Asked | None = None  # the request that the fault met

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._client = threading.Event()
        self._pid = 0
        self._late: list[threading.Thread] = []
        self._servers = {door: _serve(self, door) for door in self.behind}

    def url(self, door: Door) -> str:
        """What a manifest names as the service's endpoint."""
        return f"http://127.0.0.1:{self._servers[door].server_address[1]}"

    def begin(self, fault: Fault | None) -> None:
        """Count from 1 again, and spoil this."""
        with self._lock:
            self.asked, self.fault, self.struck = [], fault, None
            self._client.clear()

    def client_is(self, pid: int) -> None:
        """Say which process is to be killed."""
        self._pid = pid
        self._client.set()

    def kill(self) -> None:
        """Kill -9 the client, and wait until it is known which process that is."""
        if not self._client.wait(30):
            raise AssertionError("nobody said which process the client is")
        os.kill(self._pid, signal.SIGKILL)

    def settle(self) -> None:
        """Wait until every late request has arrived."""
        while self._late:
            self._late.pop().join(30)

    def close(self) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def note(self, door: Door, operation: str) -> Blow | Refusal | None:
        """Number a request, and say what happens to it."""
        with self._lock:
            request = Asked(len(self.asked) + 1, door, operation)
            self.asked.append(request)
            fault = self.fault
            if fault is None or request.number < fault.at:
                return None
            if request.number == fault.at:
                self.struck = request
                return fault.what
            first = self.struck
            if first is None or fault.lasts is Lasts.ONCE or first.door is not door:
                return None
            is_spoiled = fault.lasts is Lasts.SERVICE or first.operation == operation
            return fault.what if is_spoiled else None

    def forward(
        self, door: Door, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask the service itself."""
        to = urlsplit(self.behind[door])
        connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=30)
        try:
            connection.request(method, path, body, {**headers, "Host": to.netloc})
            response = connection.getresponse()
            content = response.read()
            return response.status, dict(response.getheaders()), content
        finally:
            connection.close()

    def forward_later(self, sock: socket.socket, *request: Any) -> None:
        """Ask the service once the client has gone."""

        def wait() -> None:
            sock.settimeout(30)
            try:
                while sock.recv(1):
                    pass
            except OSError:
                pass
            self.forward(*request)

        thread = threading.Thread(target=wait, daemon=True)
        self._late.append(thread)
        thread.start()
        thread.join()


def _serve(proxy: FaultProxy, door: Door) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"proxy": proxy, "door": door})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultProxy
    door: Door
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: text for name, text in self.headers.items() if name.lower() != "connection"}
        request = (self.door, self.command, self.path, headers, body)
        what = self.proxy.note(self.door, self._operation(body))
        if isinstance(what, Refusal):
            is_query = "x-amz-target" not in self.headers
            return self._send(*refusal_of(self.door, what, is_query))
        if what is Blow.KILLED_BEFORE:
            self.proxy.kill()
        if what is Blow.LATE:
            self.proxy.forward_later(self.connection, *request)
        if what in (Blow.KILLED_BEFORE, Blow.CUT, Blow.LATE):
            return self._end()
        answer = self.proxy.forward(*request)
        if what is Blow.KILLED_AFTER:
            self.proxy.kill()
        if what in (Blow.KILLED_AFTER, Blow.LOST):
            return self._end()
        return self._send(*answer)

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815

    def _operation(self, body: bytes) -> str:
        if target := self.headers.get("x-amz-target"):
            return str(target).rpartition(".")[2]
        if self.door is Door.AWS:
            return parse_qs(body.decode()).get("Action", ["?"])[0]
        path = self.path.partition("?")[0]
        return f"{self.command} …/{'/'.join(path.split('/')[-2:])}"

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        try:
            self.send_response(status)
            for name, text in headers.items():
                if name.lower() not in NOT_PASSED_ON:
                    self.send_header(name, text)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self._end()  # the client has gone

    def _end(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        pass
