"""Values go through a key's whole life, with every command of it, and are found nowhere afterwards: not in
the incident record, nor in what was printed, written or started.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.end_to_end.leak_detector import LeakDetector
from tests.end_to_end.project_copy import ProjectCopy
from tests.end_to_end.stack_copy import bring_up, manifest_of
from tests.end_to_end.terminal import at_terminal
from tests.end_to_end.watched_copy import MARKER, Drive, watched

ASKS_FOR_IT = "not shown: "
RECORD = "incident.json"


def created(copy: ProjectCopy, *arguments: str) -> str:
    """The value of a new key at the vendor's console, which shows it this once: that is no leak."""
    ran = copy.sandbox("console", "create", *arguments)
    assert ran.code == 0
    del copy.said[-2:]
    return ran.stdout.strip()


def test_values_go_through_a_keys_whole_life_and_are_found_nowhere(
    fresh: ProjectCopy, tmp_path: Path
) -> None:
    bring_up(fresh)
    admin = created(fresh, "admin", "--admin")
    first, second, third, fourth = (created(fresh, f"sandbox-anthropic-key-{name}") for name in "abcd")
    detector = LeakDetector(admin, first, second, third, fourth)
    with watched(fresh, tmp_path, detector) as drive:
        rotated_and_rolled_back(drive, admin, first, second, third)
        asked_a_vendor_that_repeats(drive, fourth)
        revoked(drive, fourth)
        drive.expect(drive.copy.sandbox("down", "--verbose"), 0)
        assert drive.found() == {}


def rotated_and_rolled_back(drive: Drive, admin: str, first: str, second: str, third: str) -> None:
    copy, keyplan, expect = drive.copy, drive.copy.keyplan, drive.expect
    expect(keyplan("put", "anthropic-admin", stdin=admin), 0)
    expect(keyplan("put", "anthropic", stdin=first), 0)
    expect(keyplan("rotate", "anthropic", "--dry-run", stdin=second), 0)
    expect(keyplan("rotate", "anthropic", "--verbose", stdin=second + "\n"), 0)
    expect(keyplan("rotate", "anthropic", stdin=second), 2)  # readers get it already
    expect(keyplan("rotate", "anthropic", stdin=first), 2)  # they had it before
    expect(keyplan("rotate", "anthropic", stdin=f'"{third}"'), 2)
    expect(keyplan("verify", "--verbose"), 0)
    expect(keyplan("verify", "anthropic", "--format", "json"), 0)
    expect(keyplan("rollback", "anthropic", "--verbose"), 0)
    expect(keyplan("rollback", "anthropic", "--format", "json"), 0)
    rotate = [sys.executable, "-m", "keyplan", "rotate", "anthropic", "--verbose"]
    expect(at_terminal(copy, rotate, ASKS_FOR_IT, third[:60] + "\x03"), 130)
    expect(at_terminal(copy, rotate, ASKS_FOR_IT, third + "\n"), 0)
    expect(keyplan("history", "anthropic", "--verbose"), 0)
    expect(keyplan("history", "anthropic", "--format", "json"), 0)
    expect(copy.sandbox("console", "use", "sandbox-anthropic-key-c"), 0)
    expect(keyplan("status", "--usage", "--verbose"), 0, 1)
    expect(keyplan("retire", "anthropic"), 1)  # the grace is not over
    expect(copy.sandbox("advance", "8d"), 0)
    expect(keyplan("retire", "--due", "--verbose"), 0)
    expect(copy.sandbox("console", "list"), 0)
    expect(keyplan("rollback", "anthropic"), 2)  # what was retired is dead


def asked_a_vendor_that_repeats(drive: Drive, value: str) -> None:
    with repeating_vendor() as url:
        document = manifest_of(drive.copy)
        document["vendorEndpoints"] = {"anthropic": url}
        manifest = drive.copy.directory / "repeating.json"
        manifest.write_text(json.dumps(document))
        keyplan = drive.copy.keyplan
        where = ("--manifest", manifest, "--verbose")
        drive.expect(keyplan("verify", "anthropic", *where), 1, 3)
        drive.expect(keyplan("rotate", "anthropic", *where, stdin=value), 1, 2, 3)
        drive.expect(keyplan("status", "--usage", *where), 1, 3)


def revoked(drive: Drive, value: str) -> None:
    copy, keyplan, expect = drive.copy, drive.copy.keyplan, drive.expect
    expect(keyplan("exec", "--only", "anthropic", "--", "true", MARKER), 0)
    revoke = ("revoke", "anthropic", "--leaked", "--record", RECORD, "--verbose")
    expect(keyplan(*revoke), 2)  # nobody said that this is meant
    expect(keyplan(*revoke, "--yes"), 0)
    record = copy.directory / RECORD
    assert record.stat().st_mode & 0o777 == 0o600
    assert {step["state"] for step in json.loads(record.read_text())["steps"]} <= {"done"}
    expect(keyplan("exec", "--only", "anthropic", "--verbose", "--", "true", MARKER), 3)
    expect(keyplan("status", "--check"), 1)
    expect(keyplan(*revoke, "--yes"), 0)  # once more
    expect(keyplan("rotate", "anthropic", "--verbose", stdin=value), 0)
    expect(keyplan("history", "anthropic"), 0)
    expect(keyplan("verify", "anthropic"), 0)


@contextmanager
def repeating_vendor() -> Iterator[str]:
    """A vendor that repeats every header that it was sent in its answer, and fails."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = f"what was sent: {dict(self.headers.items())}"
            error = {"type": "authentication_error", "message": text}
            content = json.dumps({"type": "error", "error": error, "request_id": text}).encode()
            self.send_response(401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("request-id", str(self.headers.get("authorization")))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
