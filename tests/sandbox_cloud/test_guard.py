"""What the server's process cannot do, tried in a process that is guarded in the same way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REFUSED = {
    "a connection out": "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "a datagram out": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "a name looked up": "import socket; socket.getaddrinfo('example.com', 80)",
    "another program's socket": "import socket; socket.socket(socket.AF_UNIX).connect('/run/x.sock')",
    "a file written": "open('{place}', 'w')",
    "a file appended to": "open('{place}', 'ab')",
    "a file opened for update": "open('{place}', 'r+')",
    "a file made by the system call": "import os; os.open('{place}', os.O_WRONLY | os.O_CREAT)",
    "a program": "import subprocess; subprocess.run(['true'])",
    "a shell": "import os; os.system('true')",
    "a child": "import os; os.fork()",
}
ALLOWED = {
    "a connection to itself": (
        "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); "
        "socket.create_connection(s.getsockname()).close(); s.close()"
    ),
    "a file read": "open('{existing}').close()",
    "the null device": "open('/dev/null', 'w').close()",
    "a module compiled": "import sys; sys.path.insert(0, '{modules}'); import freshly_made",
}


def _run(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "freshly_made.py").write_text("x = 1\n")
    (tmp_path / "existing").write_text("text")
    code = code.format(
        place=tmp_path / "written", existing=tmp_path / "existing", modules=tmp_path / "modules"
    )
    guarded = f"from sandbox.server.guard import guard_this_process; guard_this_process(); {code}"
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-c", guarded], capture_output=True, text=True, cwd=root, check=False
    )


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str, tmp_path: Path) -> None:
    finished = _run(REFUSED[what], tmp_path)
    assert "PermissionError: the sandbox's server" in finished.stderr
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize("what", ALLOWED)
def test_allowed(what: str, tmp_path: Path) -> None:
    finished = _run(ALLOWED[what], tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")
