"""A Secrets Manager that answers with failures, and repeats what it was sent wherever it can."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, bytes]
ACCOUNT = "123456789012"
CALLER = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/on-call/alice</Arn><UserId>AROA:alice</UserId>"
    f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def failing(code: str, message: str = "", status: int = 400) -> Callable[[str, bytes], Answer]:
    """Answers every store and read with an error whose text quotes the request's body."""

    def answer(operation: str, body: bytes) -> Answer:
        text = f"{message} The request was: {body.decode(errors='replace')}"
        return status, json.dumps({"__type": code, "message": text, "Message": text}).encode()

    return answer


def echoing_without_json(operation: str, body: bytes) -> Answer:
    """Answers with a page that is no JSON and holds the request."""
    return 200, b"<html><pre>" + body + b"</pre></html>"


def holding(secret_string: str | None) -> Callable[[str, bytes], Answer]:
    """A secret whose value somebody stored by hand."""

    def answer(operation: str, body: bytes) -> Answer:
        document: dict[str, Any] = {"ARN": json.loads(body)["SecretId"], "Name": "x", "VersionId": "v" * 36}
        return 200, json.dumps({**document, "SecretString": secret_string}).encode()

    return answer


METADATA = {
    "DescribeSecret": {"ARN": "arn:x", "Name": "x"},
    "ListSecretVersionIds": {"ARN": "arn:x", "Name": "x", "Versions": []},
}


@contextmanager
def hostile_store(answer: Callable[[str, bytes], Answer]) -> Iterator[str]:
    """Serve it on this machine; gives the endpoint's URL. Metadata and the caller's identity are answered."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            if not operation:
                status, content = 200, CALLER.encode()
            elif operation in METADATA:
                status, content = 200, json.dumps(METADATA[operation]).encode()
            else:
                status, content = answer(operation, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1" if operation else "text/xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
