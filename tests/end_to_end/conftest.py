"""Running sandboxes for end-to-end tests: one a worker to share, fresh ones for tests that change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.project_copy import ProjectCopy, copy_project


@pytest.fixture(scope="session")
def make_copy(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], ProjectCopy]]:
    """Makes copies of the project, and takes every sandbox down that was brought up in one."""
    copies: list[ProjectCopy] = []

    def make() -> ProjectCopy:
        copies.append(copy_project(project, tmp_path_factory.mktemp("end-to-end")))
        return copies[-1]

    yield make
    for copy in copies:
        copy.sandbox("down")


@pytest.fixture(scope="session")
def running(make_copy: Callable[[], ProjectCopy]) -> ProjectCopy:
    """A project whose sandbox is up. Tests that share it only read, or store values."""
    copy = make_copy()
    up = copy.sandbox("up")
    assert up.code == 0, up.said
    return copy


@pytest.fixture
def fresh(make_copy: Callable[[], ProjectCopy]) -> ProjectCopy:
    """A project of the test's own, nothing brought up yet."""
    return make_copy()
