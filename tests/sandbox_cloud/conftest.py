"""Projects with a sandbox of their own, and credentials that are recognisably not real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.isolation import isolated
from sandbox.project import Project
from sandbox.server.lifecycle import Launch, stop_server
from sandbox.server.record import ServerRecord


@pytest.fixture(autouse=True)
def isolated_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the sandbox's own processes."""
    for name, text in isolated({}).items():
        monkeypatch.setenv(name, text)


@pytest.fixture
def empty_project(tmp_path: Path) -> Iterator[Project]:
    """A directory with a Pulumi.yaml and nothing running; what a test starts in it is ended."""
    (tmp_path / "Pulumi.yaml").write_text("name: example\nruntime: python\n", encoding="utf-8")
    project = Project(tmp_path)
    yield project
    stop_server(project)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerRecord]:
    """A running server that the tests of one file share."""
    project = Project(tmp_path_factory.mktemp("sandbox"))
    yield Launch(project, 0).wait()
    stop_server(project)
