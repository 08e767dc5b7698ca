"""server.json: which process is the sandbox's server, where it listens, and how to be sure of it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.project import write_private

FILE_NAME = "server.json"


@dataclass(frozen=True)
class ServerRecord:
    """One server process."""

    pid: int
    port: int
    instance: str  # a random id; the server knows it and every administrative request must name it
    started: float  # epoch seconds
    process_start: str  # the operating system's own start time: a number that is used again has another
    gcp_port: int = 0  # where Google Cloud's APIs answer
    vendor_port: int = 0  # where the vendor of the keys answers

    @property
    def vendor_url(self) -> str:
        """The vendor's address, in place of its public one."""
        return f"http://127.0.0.1:{self.vendor_port}"

    @property
    def gcp_url(self) -> str:
        """The endpoint of every service of Google Cloud."""
        return f"http://127.0.0.1:{self.gcp_port}"

    @property
    def url(self) -> str:
        """The endpoint of every service of AWS."""
        return f"http://127.0.0.1:{self.port}"


def digest(instance: str) -> str:
    """What is shown of an instance's id where others can read it: enough to recognise it, not to use it."""
    return hashlib.sha256(instance.encode()).hexdigest()


def write_record(directory: Path, record: ServerRecord) -> None:
    """Write the record, whole, readable by this user only."""
    write_private(directory / FILE_NAME, json.dumps(asdict(record), indent=2) + "\n")


def read_record(directory: Path) -> ServerRecord | None:
    """The record, or None when there is none or it is not one (a damaged file counts as none)."""
    try:
        return ServerRecord(**json.loads((directory / FILE_NAME).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def remove_record(directory: Path) -> None:
    """Forget the server; it is not an error when nothing was recorded."""
    (directory / FILE_NAME).unlink(missing_ok=True)


def process_start(pid: int) -> str:
    """When the operating system started a process, in its own words; empty when there is no such process."""
    try:
        # Field 22 of /proc/PID/stat; the second, the program's name, may contain spaces. Source: proc(5).
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
        return "" if fields[0] == "Z" else fields[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    asked = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
