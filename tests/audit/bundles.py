"""An audit's evidence in a folder of a test's own, and what is in a bundle."""

from __future__ import annotations

import zipfile

from keyplan.cli import run

CANARY = "sk-ant-api03-" + "cAnArY0" * 13  # in the format of a key, and none
MADE = ["result.json", "changers.json", "report.html", "about.json", "README.txt", "SHA256SUMS"]
GATED = ("--manifest", "manifest.json", "--baseline", "accepted.json")


def evidence(*words: str, out: str = "audit.zip") -> int:
    """Write a bundle of the folder's snapshot; the exit code."""
    return run(["audit", "evidence", "--snapshot", "accounts.json", "--out", out, *words])


def members(file: str = "audit.zip") -> dict[str, bytes]:
    """A bundle's files by name, each of which is whole."""
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def verified(file: str = "audit.zip") -> int:
    """Check a bundle; the exit code."""
    return run(["audit", "evidence", "--verify", file])
