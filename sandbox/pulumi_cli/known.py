"""What an engine answered when it was last asked for its version, kept with the workspace.

To ask starts the engine, which takes a third of the processor time of a short command. What is kept names no
engine: where one is looked for, and which comes first, is decided anew by every command. It is believed for a
file that has not changed since, and goes with the workspace. `sandbox engine` asks in any case.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from sandbox.project import write_private
from sandbox.pulumi_cli.find import Engine, fingerprint

FILE_NAME = "engine"


def known_engines(directory: Path) -> dict[str, str]:
    """The version by the engine's fingerprint; empty when nothing is known or the file cannot be read.

    Args: directory: the workspace's.
    """
    with suppress(OSError, ValueError):
        kept = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
        if isinstance(kept, dict) and all(isinstance(version, str) for version in kept.values()):
            return kept
    return {}


def keep_engine(directory: Path, engine: Engine) -> None:
    """Remember the engine that was found, and forget any other; one that may be a shim is not remembered."""
    its_own = fingerprint(engine.binary)
    kept = {its_own: engine.version} if its_own else {}
    if kept != known_engines(directory):
        write_private(directory / FILE_NAME, json.dumps(kept))
