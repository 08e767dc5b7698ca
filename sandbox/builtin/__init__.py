"""A small engine under Pulumi's stock SDK: runs the unmodified program without the Pulumi CLI.

A way to try and to test, not a replacement: preview, update, removal, import and destroy work against the
sandbox's own provider; what it does not do (aliases, transforms, hooks, StackReference, remote components,
dynamic providers) it refuses by name. `run_program` is the whole interface.
"""

from __future__ import annotations

from sandbox.builtin.errors import ResourceFailed, StateUnusable
from sandbox.builtin.run import run_program
from sandbox.program import ProgramFailed
from sandbox.result import Change, Result

__all__ = ["Change", "ProgramFailed", "ResourceFailed", "Result", "StateUnusable", "run_program"]
