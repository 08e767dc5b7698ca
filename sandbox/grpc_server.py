"""A gRPC server as the sandbox runs it: the builtin engine's, and those of the plugins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

# A registration holds its thread until its resource is made: the SDK sends 32 at once, and Pulumi's engine
# works on 16 a processor unless it is told otherwise.
WORKERS = 64
# As large as Pulumi's own limit. Source: pulumi/runtime/_grpc_settings.py (3.272.0, checked 2026-11-21).
MESSAGE_BYTES = 400 * 1024 * 1024


def new_server() -> tuple[Any, int, ThreadPoolExecutor]:
    """A server that is not started yet, the free port of 127.0.0.1 that it has, and its threads."""
    workers = ThreadPoolExecutor(max_workers=WORKERS)
    server = grpc.server(  # type: ignore[no-untyped-call]
        workers,
        options=[
            ("grpc.max_receive_message_length", MESSAGE_BYTES),
            ("grpc.max_send_message_length", MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ],
    )
    return server, server.add_insecure_port("127.0.0.1:0"), workers
