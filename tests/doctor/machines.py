"""A made-up machine for `keyplan doctor`: a home, a project, and values that may never be seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

API_KEY = "sk-ant-" + "api03-" + "canary" + "x" * 87 + "AA"
ADMIN_KEY = "sk-ant-" + "admin01-" + "canary" + "y" * 87 + "AA"
OAUTH_TOKEN = "sk-ant-" + "oat01-" + "canary" + "z" * 60
GATEWAY_TOKEN = "canary-gateway-token"
ADDRESS = "https://canary.example.com/anthropic"
CANARY = "canary"


def settings(**env: str) -> str:
    """A settings file of Claude Code; each variable stands on a line of its own, from the third on."""
    return json.dumps({"env": env}, indent=2)


@dataclass
class Machine:
    """Folders to put files into, and the real command to look at them."""

    home: Path
    project: Path

    def put(self, name: str, content: str | bytes) -> None:
        """Write `~/…` below the home, anything else below the project."""
        path = self.home / name[2:] if name.startswith("~/") else self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `keyplan doctor` in the project, without the network."""
        return self.ask("--offline", *arguments, **environment)

    def ask(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it with the network: what is set has to lead to this machine."""
        with self.start(*arguments, **environment) as process:
            output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begin to run it."""
        command = [sys.executable, "-m", "keyplan", "doctor", *arguments]
        given = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", **environment}
        return subprocess.Popen(
            command,
            cwd=self.project,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
