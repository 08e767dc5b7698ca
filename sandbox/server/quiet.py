"""The request handler: moto's, without a log of requests, and without the delay that small packets cause."""

from __future__ import annotations

from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler


class QuietRequestHandler(MotoRequestHandler):
    """Logs nothing: paths and messages may quote what a caller sent."""

    # An answer is several small writes; with Nagle's algorithm each would wait for the client's delayed
    # acknowledgement, some 40 ms a request on a kept connection.
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""
