"""Programs of sandboxes, each in a process forked from one that has loaded Pulumi's SDK and the providers'.

Loading them is most of what a small program takes, two seconds of processor time for one on both clouds. What
is the program's own, keyplan's modules with it, is loaded by each run from where the run is. Tests of how the
process itself is started and ended do without.

The process that the sandbox starts is `start/sitecustomize.py`, the one that forks is `program_server`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.forked.commands import address_of

START = Path(__file__).with_name("start") / "sitecustomize.py"
ADDRESS = "KEYPLAN_TESTS_FORK_PROGRAMS"


def forking_programs(folder: Path) -> dict[str, str]:
    """Variables for a sandbox's commands under which their programs are forked; none where that cannot be.

    Args: folder: where Python will look for modules; the engine's plugins look in the checkout alone.
    """
    if not hasattr(os, "pidfd_open"):
        return {}
    shutil.copy(START, folder)
    return {"PYTHONPATH": str(folder), ADDRESS: address_of("tests.forked.program_server")}
