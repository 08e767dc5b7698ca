"""The devcontainer and vscode targets: JSON that the editors take, with nothing that they would replace."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.conftest import example
from tests.wiring.local_consumers import LEFTOVERS, NAME, environment, run, with_variables, without_keys
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

# The two properties in the schema of the Dev Container specification (github.com/devcontainers/spec, checked
# 2026-11-21), in words of our own.
DEVCONTAINER = {
    "type": "object",
    "properties": {
        "mounts": {"type": "array", "items": {"type": ["string", "object"]}},
        "remoteEnv": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    },
    "additionalProperties": False,
}
# The devcontainer command (npm: @devcontainers/cli).
COMMAND_VARIABLE = "KEYPLAN_TEST_DEVCONTAINER"
COMMAND = os.environ.get(COMMAND_VARIABLE)  # read at import: tests start with a cleared environment
# Source: devcontainers/cli, variableSubstitution.ts; VS Code, "Variables reference".
REPLACED = re.compile(r"\$\{(.*?)\}")
HELD = VARIABLES.filter(lambda env: not any("${" in value for value in env.values()))


def in_devcontainer(text: str) -> dict[str, str | None]:
    document = json.loads(text)
    jsonschema.validate(document, DEVCONTAINER)
    found: dict[str, str | None] = document["remoteEnv"]
    return found


def in_vscode(text: str) -> dict[str, str | None]:
    document: dict[str, Any] = json.loads(text)
    assert set(document) == {"terminal.integrated.env.linux", "terminal.integrated.env.osx"}
    linux, osx = document.values()
    assert linux == osx
    found: dict[str, str | None] = linux
    return found


READERS = {"devcontainer": in_devcontainer, "vscode": in_vscode}
Reader = Callable[[str], dict[str, str | None]]


@pytest.mark.parametrize(("target", "reader"), READERS.items(), ids=READERS)
@MANY
@given(env=HELD)
def test_the_editor_reads_back_exactly_the_same_text(
    target: str, reader: Reader, env: dict[str, str]
) -> None:
    text = wire(with_variables(example(), env), NAME, target)
    found = reader(text)
    assert {name: found[name] for name in env} == env
    assert all(REPLACED.search(found[name] or "") is None for name in env)
    assert re.fullmatch(r"[\n -~]*\n", text)


def test_the_manifest_is_what_the_mount_brings(manifest: Manifest) -> None:
    document = json.loads(wire(manifest, NAME, "devcontainer"))
    [mount] = document["mounts"]
    parts = dict(part.partition("=")[::2] for part in mount.split(","))
    assert parts == {
        "type": "bind",
        "source": "${localEnv:HOME}/.config/keyplan",
        "target": "/etc/keyplan",
        "readonly": "",
    }
    assert document["remoteEnv"]["KEYPLAN_MANIFEST"] == f"{parts['target']}/prod.json"


def test_no_variable_is_null_in_a_devcontainer_which_would_become_a_word(manifest: Manifest) -> None:
    assert None not in in_devcontainer(wire(manifest, NAME, "devcontainer")).values()


def test_no_terminal_has_what_would_win_over_a_key(manifest: Manifest) -> None:
    found = in_vscode(wire(manifest, NAME, "vscode"))
    assert {name for name, value in found.items() if value is None} == set(LEFTOVERS)
    assert found["KEYPLAN_MANIFEST"] == "${env:HOME}/.config/keyplan/prod.json"


def test_a_consumer_without_keys_needs_no_manifest(manifest: Manifest) -> None:
    without = without_keys(manifest, env={"A": "1"})
    assert json.loads(wire(without, NAME, "devcontainer")) == {"remoteEnv": {"A": "1"}}
    assert in_vscode(wire(without, NAME, "vscode")) == {"A": "1"}


@pytest.mark.parametrize("target", READERS)
def test_what_an_editor_would_replace_is_refused_and_never_shown(manifest: Manifest, target: str) -> None:
    for value in ("CANARY${env:HOME}", "CANARY\0"):
        with pytest.raises(UsageError, match=r"would replace|NUL") as caught:
            wire(with_variables(manifest, {"TEXT": value}), NAME, target)
        assert "CANARY" not in caught.value.message


@pytest.mark.skipif(COMMAND is None, reason=f"{COMMAND_VARIABLE} names no devcontainer command")
def test_the_devcontainer_command_reads_back_the_same(manifest: Manifest, tmp_path: Path) -> None:
    awkward = {"TEXT": "$HOME $$ $(x) `y` \" ' \\ {a} é\n\t", "OTHER": "$ {localEnv:HOME}"}
    document = json.loads(wire(with_variables(manifest, awkward), NAME, "devcontainer"))
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / ".devcontainer" / "devcontainer.json").write_text(
        json.dumps({"image": "example", **document})
    )
    # It asks docker for a container of the folder; nobody is at this address.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "bin" / "docker").chmod(0o755)
    command = [str(COMMAND), "read-configuration", "--workspace-folder", str(tmp_path)]
    done = run(command, environment(tmp_path), tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["configuration"]
    assert found["remoteEnv"] == awkward | {"KEYPLAN_MANIFEST": "/etc/keyplan/prod.json"}
    assert found["mounts"] == [f"type=bind,source={tmp_path}/.config/keyplan,target=/etc/keyplan,readonly"]
