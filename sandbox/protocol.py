"""Pulumi's protocol without Pulumi's SDK, for processes that speak it and run no program.

The modules of the messages lie in the package `pulumi.runtime.proto` and need nothing of the packages around
it, whose own imports take twice as long as everything else that a plugin does before it answers.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec

AROUND_IT = ("pulumi", "pulumi.runtime")


def leave_the_sdk_out() -> None:
    """Let this process find the protocol's modules, and nothing else of the SDK.

    For the main module of a process alone: what imports `pulumi` afterwards gets an empty package.
    """
    for name in AROUND_IT:
        spec = find_spec(name)
        if spec is not None and name not in sys.modules:
            sys.modules[name] = module_from_spec(spec)
