"""The engine of the machine that runs the tests, and machines made of scripts that stand for engines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.pulumi_cli.find import OBTAIN_COMMAND, Engine, find_engine
from tests.end_to_end.conftest import fresh, make_copy
from tests.sandbox_pulumi.machines import Machine

__all__ = ["fresh", "make_copy"]  # the same copies of the project, here as there

# Taken before a test hides the developer's home.
OUTSIDE = dict(os.environ)


@pytest.fixture(scope="session")
def real_engine() -> Engine:
    """Pulumi's real engine; a test that takes this is skipped where there is none."""
    engine = find_engine(OUTSIDE)
    if engine is None:
        pytest.skip(f"there is no Pulumi engine here; `make engine` (or {OBTAIN_COMMAND}) gets one")
    return engine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without an engine, without Go, and without a way to anywhere."""
    return Machine(tmp_path)
