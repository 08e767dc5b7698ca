"""docs/wiring-local.md tells the truth: its blocks are what the command prints, and its scripts work."""

from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path

import pytest
import yaml

from keyplan.manifest.model import Manifest
from keyplan.wiring import local_targets, wire
from tests.wiring import compose_reader
from tests.wiring.local_consumers import NAME, environment, record_as, recorded, run
from tests.wiring.systemd_reader import verify

# What `keyplan exec … -- PROGRAM ARGUMENT…` does to the program, with made-up values.
EXEC = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
ANTHROPIC_API_KEY='a $x "' OPENROUTER_API_KEY=b exec "$@"
"""
VALUES = {"ANTHROPIC_API_KEY": 'a $x "', "OPENROUTER_API_KEY": "b"}


@pytest.fixture
def page(project: Path) -> str:
    """The page."""
    return (project / "docs" / "wiring-local.md").read_text()


def block(page: str, mark: str) -> str:
    """The fenced block below the comment `mark`."""
    found = re.search(rf"^<!-- {re.escape(mark)} -->\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found, mark
    return found[1]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a stand-in for keyplan, whose exec gives made-up values."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "keyplan").write_text(EXEC)
    (tmp_path / "bin" / "keyplan").chmod(0o755)
    return tmp_path


def test_each_example_is_what_the_command_prints(page: str, manifest: Manifest) -> None:
    marks = re.findall(r"^<!-- keyplan wire (\S+) (\S+) -->$", page, re.MULTILINE)
    assert tuple(target for target, _ in marks) == local_targets()
    for target, consumer in marks:
        assert block(page, f"keyplan wire {target} {consumer}") == wire(manifest, consumer, target)


def test_the_table_has_every_target(page: str) -> None:
    rows = re.findall(r"^\| \[?`([a-z-]+)`", page, re.MULTILINE)
    assert tuple(rows) == (*local_targets(), "dotenv")


def test_the_manifest_is_written_where_the_texts_look_for_it(page: str, home: Path) -> None:
    record_as(home, "pulumi")
    env = environment(home, RECORD=str(home / "record"))
    assert run(["sh", "-ec", block(page, "the manifest")], env, home).returncode == 0
    assert recorded(home / "record")[0] == ["stack", "output", "manifest", "--json", "--stack", "prod"]
    assert (home / ".config" / "keyplan" / "prod.json").exists()


def test_the_files_for_compose_are_private_and_hold_exactly_the_values(page: str, home: Path) -> None:
    env = environment(home, XDG_RUNTIME_DIR=str(home / "run"))
    done = run(["sh", "-ec", block(page, "compose: write the files")], env, home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    folder = home / "run" / "keyplan"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: path.read_text() for path in folder.iterdir()} == VALUES
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    refused = run(["sh", "-ec", block(page, "compose: write the files")], environment(home), home)
    assert refused.returncode != 0


def test_the_form_with_files_names_each_secret_of_the_example(page: str, manifest: Manifest) -> None:
    class Loader(yaml.SafeLoader):
        """Compose's own tag says that a field of an earlier file is gone."""

    Loader.add_constructor("!reset", lambda *_: None)
    secrets = yaml.load(block(page, "compose: take the files"), Loader)["secrets"]  # noqa: S506 - a SafeLoader
    assert set(secrets) == set(yaml.safe_load(wire(manifest, NAME, "compose"))["secrets"])
    for name, entry in secrets.items():
        assert entry == {"environment": None, "file": f"${{XDG_RUNTIME_DIR}}/keyplan/{name}"}


@pytest.mark.skipif(
    compose_reader.LOADER is None, reason=f"{compose_reader.LOADER_VARIABLE} names no program"
)
def test_composes_own_parser_takes_the_files_last(page: str, manifest: Manifest, home: Path) -> None:
    texts = {
        "compose.yaml": f"services:\n  {NAME}:\n    image: example\n",
        "compose.keyplan.yaml": wire(manifest, NAME, "compose"),
        "compose.files.yaml": block(page, "compose: take the files"),
    }
    for name, text in texts.items():
        (home / name).write_text(text)
    env = environment(home, XDG_RUNTIME_DIR="/run/user/1000", **VALUES)
    found = compose_reader.by_loader([home / name for name in texts], env)
    assert {entry["environment"] for entry in found["secrets"].values()} == {""}


def test_a_systemd_credential_is_made_of_the_value_alone(page: str, home: Path) -> None:
    (home / "bin" / "ssh").write_text('#!/bin/sh\nshift 2\nexec "$@"\n')
    (home / "bin" / "systemd-creds").write_text('#!/bin/sh\nprintf "%s|" "$@" > made; cat >> made\n')
    for name in ("ssh", "systemd-creds"):
        (home / "bin" / name).chmod(0o755)
    done = run(["sh", "-ec", block(page, "a systemd credential")], environment(home), home)
    assert (done.returncode, done.stderr) == (0, "")
    assert (home / "made").read_text() == (
        "encrypt|--name=ANTHROPIC_API_KEY|-|/etc/credstore.encrypted/ANTHROPIC_API_KEY|"
        + VALUES["ANTHROPIC_API_KEY"]
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_accepts_the_unit_with_a_credential(page: str, tmp_path: Path) -> None:
    unit = tmp_path / "chat.service"
    unit.write_text(f"{block(page, 'a unit with a credential')}ExecStart=/bin/true\n")
    done = verify(unit)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
