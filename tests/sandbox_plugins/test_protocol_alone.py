"""A process that speaks Pulumi's protocol and runs no program leaves Pulumi's SDK where it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOADED = """
import sys
from sandbox.protocol import leave_the_sdk_out
leave_the_sdk_out()
import sandbox.builtin.monitor, sandbox.plugins.language, sandbox.plugins.provider
print(*(name for name in sys.modules if name.startswith("pulumi") and ".runtime.proto" not in name))
"""


def test_plugins_and_the_builtin_engine_need_the_protocol_alone(project: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=project,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.split() == ["pulumi", "pulumi.runtime"], ran.stderr
