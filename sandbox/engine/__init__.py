"""A small engine under Pulumi's stock SDK: runs the unmodified program without the Pulumi CLI.

A way to try and to test, not a replacement: preview, update, removal, import and destroy work against the
sandbox's own provider; what it does not do (aliases, transforms, hooks, StackReference, remote components,
dynamic providers) it refuses by name. `run_program` is the whole interface.
"""

from __future__ import annotations

from sandbox.engine.errors import ProgramFailed, ResourceFailed, StateUnusable
from sandbox.engine.result import Change, Result
from sandbox.engine.run import run_program

__all__ = ["Change", "ProgramFailed", "ResourceFailed", "Result", "StateUnusable", "run_program"]
