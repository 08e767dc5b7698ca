"""The user's program in a process of its own, whichever engine it registers its resources with."""

from __future__ import annotations

from sandbox.program.process import Program, ProgramFailed, Run

__all__ = ["Program", "ProgramFailed", "Run"]
