"""Where a manifest comes from: the first source that is there, and clear words when none is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.sources import find_project, load
from tests.command.environments import Environment

Write = Callable[[str, str], Path]
AWS_ENDPOINT = "https://secretsmanager.eu-west-1.amazonaws.com"


@pytest.fixture
def write(document: dict[str, Any], tmp_path: Path) -> Write:
    """Writes a manifest of an environment of this name."""

    def write_manifest(path: str, name: str, endpoint: str = "http://127.0.0.1:1") -> Path:
        document["environment"] = name
        document["clouds"]["aws"]["endpoints"] = {"secretsmanager": endpoint}
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document))
        return file

    return write_manifest


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a `pulumi` on the PATH that prints this file, and notes how it was called."""

    def install(script: str) -> Path:
        directory = tmp_path / "bin"
        directory.mkdir()
        program = directory / "pulumi"
        program.write_text(
            f'#!/bin/sh\npwd > "{tmp_path}/called"\necho "$@" >> "{tmp_path}/called"\n{script}\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "called"

    return install


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def environment_of(file: str | None = None, stack: str | None = None, **environ: str) -> str:
    return load(file, stack, report=lambda _: None, environ=environ)["environment"]


def test_each_source_wins_over_the_ones_after_it(write: Write, pulumi: Callable[[str], Path]) -> None:
    (option, variable) = (str(write("option.json", "option")), str(write("variable.json", "variable")))
    write(".keyplan/sandbox/manifest.json", "sandbox")
    Path("Pulumi.yaml").touch()
    pulumi(f"cat {write('pulumi.json', 'pulumi')}")
    sources = [
        environment_of(option, KEYPLAN_MANIFEST=variable),
        environment_of(stack="prod", KEYPLAN_MANIFEST=variable),
        environment_of(KEYPLAN_MANIFEST=variable),
        environment_of(),
    ]
    Path(".keyplan/sandbox/manifest.json").unlink()
    assert [*sources, environment_of()] == ["option", "pulumi", "variable", "sandbox", "pulumi"]


def test_the_project_is_the_nearest_directory_upwards_with_a_pulumi_yaml(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").touch()
    assert find_project(str(deep)) == str(tmp_path)


def test_pulumi_is_asked_in_the_projects_directory_for_the_stack_that_was_named(
    write: Write, pulumi: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    called = pulumi(f"cat {write('pulumi.json', 'prod')}")
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert environment_of(stack="--prod") == "prod"
    assert called.read_text().splitlines() == [
        str(tmp_path),
        "stack output manifest --json --non-interactive --stack=--prod",
    ]


FAILURES = {
    "the stack has no such output": ("exit 255", "the stack that is selected has no output `manifest`"),
    "the output is no JSON": ("echo oops", "line 1 column 1: it is not valid JSON"),
    "the output is not text": (r"printf '\377'", "line 1: it is not UTF-8 text"),
}


@pytest.mark.parametrize(("script", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_a_pulumi_that_fails_is_told_without_its_own_text(
    script: str, words: str, pulumi: Callable[[str], Path]
) -> None:
    Path("Pulumi.yaml").touch()
    pulumi(f"echo private-text >&2; {script}")
    with pytest.raises(ManifestError) as caught:
        environment_of()
    assert words in caught.value.message
    assert "private-text" not in f"{caught.value.message} {caught.value.hint}"


def test_without_pulumi_the_sandbox_is_named_as_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("Pulumi.yaml").touch()
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ManifestError, match="the `pulumi` command is not installed") as caught:
        environment_of()
    assert caught.value.hint == "make sandbox, or add --manifest FILE"


def test_a_stack_without_pulumi_is_not_told_that_there_is_no_sandbox(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("Pulumi.yaml").touch()
    write(".keyplan/sandbox/manifest.json", "sandbox")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ManifestError) as caught:
        environment_of(stack="sandbox")
    assert caught.value.message == ("no manifest: --stack asks the `pulumi` command, which is not installed")


def test_standard_input_that_is_closed_holds_no_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ManifestError, match="standard input, line 1 column 1: it is not valid JSON"):
        load("-", None, report=lambda _: None, stdin_allowed=True)


def test_outside_a_project_every_way_to_name_a_manifest_is_told() -> None:
    with pytest.raises(ManifestError, match="no manifest") as caught:
        environment_of()
    assert caught.value.hint == (
        "add --manifest FILE or --stack NAME, set KEYPLAN_MANIFEST, or change to the project's directory"
    )


def test_what_was_typed_as_a_path_is_not_repeated() -> None:
    with pytest.raises(ManifestError) as caught:
        environment_of("typed-by-mistake")
    assert caught.value.message == "no manifest: the file that --manifest names does not exist"


def test_a_directory_is_told_as_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="the file that KEYPLAN_MANIFEST names cannot be read"):
        environment_of(KEYPLAN_MANIFEST=str(tmp_path))


def test_a_manifest_that_nobody_named_must_be_a_sandboxs(write: Write) -> None:
    Path("Pulumi.yaml").touch()
    write(".keyplan/sandbox/manifest.json", "prod", AWS_ENDPOINT)  # type: ignore[call-arg]
    with pytest.raises(ManifestError, match="its endpoints are not on this machine"):
        environment_of()


def test_two_ways_to_name_an_environment_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        environment_of("m.json", "prod")


def test_a_manifest_on_standard_input_works_only_where_it_is_free(environment: Environment) -> None:
    text = environment.manifest_file.read_text()
    environment.command = lambda *words: [  # type: ignore[method-assign]
        *Environment.command(environment, words[0])[:4], "--manifest", "-", *words[1:]
    ]  # fmt: skip
    status, put = environment.run("status", given=text), environment.run("put", "anthropic", given=text)
    assert (status.returncode, put.returncode) == (0, 2)
    assert put.stderr.startswith("error: this command needs standard input for itself")


def test_a_mark_at_the_start_of_the_file_is_accepted(write: Write) -> None:
    file = write("m.json", "dev")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert environment_of(str(file)) == "dev"
