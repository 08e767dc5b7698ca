"""A machine of its own for each test."""

from pathlib import Path

import pytest

from tests.doctor.machines import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Nothing is set on it."""
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    return Machine(home, project)
