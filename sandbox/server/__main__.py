"""The server's process: `python -m sandbox.server --directory DIR --port N`, started by `sandbox up`.

It listens three times: AWS answers on the port that was asked for, Google Cloud and the vendor of the keys on
free ones.

The instance's id comes on standard input, so that no list of processes shows it. Standard error is the
sandbox's log: what keeps it from starting, that it listens, and where requests failed, never what they said.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.project import VENDOR_FILE
from sandbox.server import log
from sandbox.server.guard import guard_this_process
from sandbox.server.record import ServerRecord, process_start, write_record
from sandbox.server.watch import end_with_record

if TYPE_CHECKING:
    from sandbox.vendor_server import VendorServer, VendorWorld

EXIT_PORT_TAKEN = 98  # EADDRINUSE
BACKLOG = 128


def main() -> None:
    """Listen, tell where, and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.server", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="the sandbox's directory")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    instance = sys.stdin.readline().strip()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal ends the command, not the cloud
    listener = _listen(arguments.port)
    port = listener.getsockname()[1]
    gcp_listener = _listen(0)
    gcp_port = gcp_listener.getsockname()[1]
    vendor = _make_vendor(arguments.directory)
    server, gcp_server = _make_servers(listener, gcp_listener, vendor.world, instance)
    record = ServerRecord(
        os.getpid(), port, instance, time.time(), process_start(os.getpid()), gcp_port, vendor.port
    )
    write_record(arguments.directory, record)
    log.keep_for_ourselves()
    guard_this_process()
    end_with_record(arguments.directory, instance)
    log.line(f"listening on 127.0.0.1:{port}, 127.0.0.1:{gcp_port} and 127.0.0.1:{vendor.port}")
    threading.Thread(target=gcp_server.serve_forever, daemon=True).start()
    server.serve_forever()


def _end(signal_number: int, frame: object) -> None:
    # Nothing is worth finishing: the memory is given up on purpose, and threads may hold locks.
    os._exit(0)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            sys.exit(EXIT_PORT_TAKEN)
        raise
    listener.listen(BACKLOG)
    return listener


def _make_vendor(directory: Path) -> VendorServer:
    """The vendor with what it remembers; its file is open before this process may open no more of them."""
    from sandbox.vendor_server import serve
    from sandbox.vendor_server.journal import JournalFile

    world, useless = JournalFile(directory / VENDOR_FILE).world()
    if useless:
        log.line(f"{VENDOR_FILE}: {useless} lines could not be read and are left out")
    return serve(world, listener=_listen(0), on_failure=log.failure)


def _make_servers(
    listener: socket.socket, gcp_listener: socket.socket, vendor: VendorWorld, instance: str
) -> tuple[Any, Any]:
    # These imports take most of a second; the port is checked before them.
    import logging

    # moto reads these while it is imported.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # else AWS's own policies could not be attached
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"  # else any web page could read the answers

    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from sandbox.gcp_server.application import GoogleCloud
    from sandbox.gcp_server.world import World
    from sandbox.moto_patches import apply_all
    from sandbox.server.administration import Administration
    from sandbox.server.application import SandboxApplication

    logging.disable(logging.CRITICAL)  # their messages quote requests
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    apply_all()
    google = GoogleCloud(World(), gcp_listener.getsockname()[1])
    application = SandboxApplication(
        DomainDispatcherApplication(create_backend_app),
        Administration(instance, google, vendor),
        listener.getsockname()[1],
    )
    return _serving(application, listener), _serving(google, gcp_listener)


def _serving(application: Any, listener: socket.socket) -> Any:
    from werkzeug.serving import make_server

    from sandbox.server.quiet import QuietRequestHandler

    return make_server(
        "127.0.0.1",
        listener.getsockname()[1],
        application,
        threaded=True,
        request_handler=QuietRequestHandler,
        fd=listener.fileno(),
    )


if __name__ == "__main__":
    main()
