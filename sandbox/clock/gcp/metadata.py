"""The metadata server of one function: gives out the access token of its service account, as Google's does.

Source: Compute Engine, "View and query VM metadata", "Access tokens" (checked 2026-11-21).
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default/"
FLAVOR = "Metadata-Flavor", "Google"
TOKEN_SECONDS = 3599
POLL_SECONDS = 0.05


class MetadataServer:
    """Listens on 127.0.0.1 until it is closed."""

    def __init__(self, email: str) -> None:
        token = {"access_token": f"sandbox:serviceAccount:{email}", "expires_in": TOKEN_SECONDS}
        answers = {"token": json.dumps({**token, "token_type": "Bearer"}), "email": email}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answers))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, daemon=True
        )
        self._thread.start()

    @property
    def host(self) -> str:
        """What GCE_METADATA_HOST has to say."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(answers: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            text = answers.get(path.removeprefix(ACCOUNT)) if path.startswith(ACCOUNT) else None
            if self.headers.get(FLAVOR[0]) != FLAVOR[1]:
                text = None
            content = (text or "").encode()
            self.send_response(200 if text is not None else 404)
            self.send_header(*FLAVOR)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
