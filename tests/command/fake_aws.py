"""An AWS endpoint that answers what a test tells it to: error codes, cut connections, slowness, TLS."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CUT = "cut the connection without an answer"
CUT_SHORT = "announce more than is sent"


@dataclass
class Answer:
    """One answer: status and JSON body, after a wait; or one of the faults above."""

    body: Any = field(default_factory=dict)
    status: int = 200
    wait_seconds: float = 0.0
    fault: str | None = None
    raw: bytes | None = None


def failure(code: str, message: str = "", status: int = 400) -> Answer:
    """An error as Secrets Manager's JSON protocol has it."""
    return Answer({"__type": code, "message": message}, status)


def value(text: str, json_key: str = "ANTHROPIC_API_KEY") -> Answer:
    """GetSecretValue's answer for a key that keyplan stored."""
    return Answer({"SecretString": json.dumps({json_key: text}), "VersionId": "v" * 32})


@dataclass
class Request:
    """One request as it came in."""

    operation: str  # `GetSecretValue`, or the path where it is none of Secrets Manager's
    headers: dict[str, str]
    body: bytes

    @property
    def access_key(self) -> str:
        return self.headers["authorization"].partition("Credential=")[2].partition("/")[0]


class FakeAws:
    """Serves on 127.0.0.1 until closed. `answers` maps an operation to what it answers, one after another.

    The last answer of an operation is repeated. A callable gets the request.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self.answers: dict[str, list[Answer | Callable[[Request], Answer]]] = {}
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}" if certificate else f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, operation: str, *answers: Answer | Callable[[Request], Answer]) -> None:
        """Say what an operation answers from now on."""
        self.answers[operation] = list(answers)

    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [request.operation for request in self.requests]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next_answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            waiting = self.answers.get(request.operation, [failure("UnknownOperationException")])
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return answer(request) if callable(answer) else answer

    def _handler(fake) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): text for name, text in self.headers.items()}
                operation = headers.get("x-amz-target", self.path).rpartition(".")[2]
                self._send(fake.next_answer(Request(operation, headers, body)))

            do_GET = do_PUT = do_POST  # noqa: N815

            def _send(self, answer: Answer) -> None:
                time.sleep(answer.wait_seconds)
                content = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
                if answer.fault == CUT:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("content-type", "application/x-amz-json-1.1")
                self.send_header("content-length", str(len(content) + (99 if answer.fault else 0)))
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = answer.fault is not None

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "certificate.pem", directory / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_file, key_file
