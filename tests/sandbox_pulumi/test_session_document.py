"""The session that docs/session.md shows is what its commands say today."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from docs import session
from sandbox.pulumi_cli.find import Engine
from tests.sandbox_pulumi.conftest import OUTSIDE

FOUND = re.compile(r"^lines with (\S+): (\d+)$", re.MULTILINE)


def test_the_session_in_the_documents_is_a_real_one(
    project: Path, real_engine: Engine, tmp_path: Path
) -> None:
    path = os.pathsep.join((str(real_engine.binary.parent), OUTSIDE.get("PATH", os.defpath)))
    ran = subprocess.run(
        [sys.executable, "-m", "docs.session", "--check"],
        cwd=project,
        env={"PATH": path, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    advice = "\n`python -m docs.session` writes it anew"
    assert ran.returncode == 0, ran.stdout + ran.stderr + advice


def test_progress_that_shares_a_line_with_a_resource_takes_it_from_nobody() -> None:
    line = " +  aws:iam:Role reader created (0.01s)\n"
    assert session.shown(f"@ updating....\n@ updating.....{line}.") == session.shown(line) != ""


def test_its_search_of_the_state_finds_what_is_there_and_no_value(project: Path) -> None:
    found = dict(FOUND.findall((project / "docs" / "session.md").read_text()))
    assert found.keys() == {"xxxxxxxx", "arn:aws"}
    assert found["xxxxxxxx"] == "0"
    assert int(found["arn:aws"]) > 100
