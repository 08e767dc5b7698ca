"""What a destruction leaves decides what keyplan's commands act on, not what the engine says of it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sandbox.commands import pulumi
from sandbox.project import Project
from sandbox.pulumi_cli.workspace import Workspace
from tests.command.manifest_documents import RIGHT


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A sandbox whose commands act on dev."""
    made = Project(tmp_path)
    made.manifest_file.parent.mkdir(parents=True)
    made.manifest_file.write_text(json.dumps(RIGHT))
    return made


def taken_down(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    left: int,
    *,
    there: bool = True,
    interrupted: bool = False,
) -> int:
    """Ask what becomes of dev after a destruction with exit code 0; `left`: how much its state has."""

    def counted(workspace: Any, stack: str) -> int:
        assert (workspace, stack, there) == (of_dev, "dev", True)
        return left

    of_dev = cast(Workspace, SimpleNamespace(has_stack=lambda stack: there and stack == "dev"))
    monkeypatch.setattr(pulumi, "resource_count", counted)
    return pulumi.taken_down(project, of_dev, "dev", interrupted=interrupted)


@pytest.mark.parametrize("interrupted", [False, True])
@pytest.mark.parametrize("there", [False, True])
def test_an_environment_without_resources_is_forgotten(
    project: Project, monkeypatch: pytest.MonkeyPatch, there: bool, interrupted: bool
) -> None:
    assert taken_down(project, monkeypatch, 0, there=there, interrupted=interrupted) == 0
    assert not project.manifest_file.exists()


def test_a_part_of_an_environment_that_is_destroyed_leaves_it_to_the_commands(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert taken_down(project, monkeypatch, 40) == 0
    assert project.manifest_file.exists()


def test_an_interruption_that_the_engine_takes_for_the_end_is_told_as_one(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert taken_down(project, monkeypatch, 1, interrupted=True) == 130
    assert project.manifest_file.exists()
    assert "interrupted with 1 resource of dev left: destroy it again\n" in capsys.readouterr().err
