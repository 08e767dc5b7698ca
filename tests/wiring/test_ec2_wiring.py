"""The EC2 drop-in: systemd accepts it beside a unit, and what it starts is the command that it names."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from keyplan.wiring.systemd_service import COMMAND
from tests.wiring.conftest import ACCOUNT


def commands(text: str) -> list[str]:
    """What systemd runs after reading the texts in this order: an empty ExecStart= clears the list."""
    found: list[str] = []
    for value in re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE):
        found = [*found, value] if value else []
    return found


def test_the_unit_keeps_one_command_which_is_keyplan_exec(manifest: Manifest) -> None:
    unit = "[Service]\nExecStart=/usr/bin/serve --port 80\n"
    [command] = commands(unit + wire(manifest, "workbench", "ec2"))
    assert shlex.split(command) == [
        "/usr/local/bin/keyplan", "exec", "--manifest", "/etc/keyplan/prod.json",
        "--consumer", "workbench", "--", "PROGRAM", "ARGUMENT",
    ]  # fmt: skip


def test_it_names_role_secret_and_variables_and_holds_no_value_of_any(manifest: Manifest) -> None:
    text = wire(manifest, "workbench", "ec2")
    assert f"# arn:aws:iam::{ACCOUNT}:role/prod-workbench-reader\n" in text
    assert "# ANTHROPIC_API_KEY is the secret prod/anthropic-api-key.\n" in text
    assert "# ANTHROPIC_MODEL is a plain variable" in text
    assert "Environment" not in "".join(line for line in text.splitlines() if not line.startswith("#"))


def verified(folder: Path, drop_in: str) -> subprocess.CompletedProcess[str]:
    """`systemd-analyze verify` of a unit with the drop-in beside it."""
    (folder / "workbench.service.d").mkdir(exist_ok=True)
    (folder / "workbench.service").write_text("[Service]\nExecStart=/bin/sleep 1\n")
    # The unit's commands have to be on the machine that verifies it.
    (folder / "workbench.service.d" / "keyplan.conf").write_text(drop_in.replace(COMMAND, "/bin/true"))
    return subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(folder / "workbench.service")],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_accepts_it_beside_a_unit(manifest: Manifest, tmp_path: Path) -> None:
    text = wire(manifest, "workbench", "ec2")
    done = verified(tmp_path, text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # The same without the line that clears the list is what systemd refuses.
    done = verified(tmp_path, text.replace("\nExecStart=\n", "\n"))
    assert done.returncode != 0
    assert "more than one ExecStart" in done.stderr


def test_a_name_that_a_command_line_would_read_otherwise_is_an_error(manifest: Manifest) -> None:
    for environment in ("a b", "100%", "$HOME", "a\nb"):
        with pytest.raises(ManifestError, match="a name that is not letters"):
            wire(replace(manifest, environment=environment), "workbench", "ec2")


def test_a_consumer_without_a_role_is_refused(manifest: Manifest) -> None:
    entry = replace(manifest.consumers["workbench"], role_arn=None)
    with pytest.raises(ManifestError, match="the consumer workbench has no role"):
        wire(replace(manifest, consumers={"workbench": entry}), "workbench", "ec2")
