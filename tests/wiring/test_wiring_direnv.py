"""The direnv target: what direnv gives to a shell in the folder, or bash alone where direnv is not here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.conftest import example
from tests.wiring.local_consumers import (
    LEFTOVERS,
    NAME,
    PRINT,
    environment,
    run,
    with_variables,
    without_keys,
)
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

with_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here, in which direnv runs")
with_direnv = pytest.mark.skipif(shutil.which("direnv") is None, reason="direnv is not here: bash alone is")


def by_bash(text: str, home: Path, **more: str) -> dict[str, str]:
    """What an .envrc does to the environment, without direnv's own functions."""
    (home / ".envrc").write_bytes(text.encode())
    done = run(["bash", "-c", '. ./.envrc; exec "$@"', "bash", *PRINT], environment(home, **more), home)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def by_direnv(text: str, home: Path, **more: str) -> dict[str, str]:
    """The environment of a program that direnv starts in the folder."""
    (home / ".envrc").write_bytes(text.encode())
    env = environment(home, **more)
    assert run(["direnv", "allow", "."], env, home).returncode == 0
    done = run(["direnv", "exec", ".", *PRINT], env, home)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@with_bash
@MANY
@given(env=VARIABLES)
def test_bash_reads_back_exactly_the_same_text(tmp_path: Path, env: dict[str, str]) -> None:
    found = by_bash(wire(with_variables(example(), env), NAME, "direnv"), tmp_path)
    assert {name: found.get(name) for name in env} == env


@with_direnv
@MANY
@given(env=VARIABLES)
def test_direnv_reads_back_exactly_the_same_text(tmp_path: Path, env: dict[str, str]) -> None:
    found = by_direnv(wire(with_variables(example(), env), NAME, "direnv"), tmp_path)
    assert {name: found.get(name) for name in env} == env


@pytest.mark.parametrize(
    "reader", [pytest.param(by_bash, marks=with_bash), pytest.param(by_direnv, marks=with_direnv)]
)
def test_it_names_the_manifest_and_leaves_nothing_that_wins_over_a_key(
    reader: object, manifest: Manifest, tmp_path: Path
) -> None:
    assert callable(reader)
    found = reader(wire(manifest, NAME, "direnv"), tmp_path, **LEFTOVERS)
    assert set(found) & set(LEFTOVERS) == set()
    assert found["KEYPLAN_MANIFEST"] == f"{tmp_path}/.config/keyplan/prod.json"
    assert found["ANTHROPIC_MODEL"] == "claude-sonnet-4-6"


def test_a_consumer_without_keys_needs_no_manifest(manifest: Manifest) -> None:
    assert wire(without_keys(manifest, env={"A": "1"}), NAME, "direnv") == (
        "# Variables of chat-api in prod, for .envrc; no value of a key is in here.\n"
        "# Run `direnv allow` after a change.\n"
        "export A='1'\n"
    )


@pytest.mark.parametrize("target", ["direnv", "devcontainer", "vscode"])
def test_a_variable_in_the_place_of_the_manifests_path_is_an_error(manifest: Manifest, target: str) -> None:
    with pytest.raises(ManifestError, match="two variables of the name KEYPLAN_MANIFEST"):
        wire(with_variables(manifest, {"KEYPLAN_MANIFEST": "x"}), NAME, target)
