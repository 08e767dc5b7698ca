"""The audit on a terminal: no name of an account moves the cursor, hides a line or turns the text around."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keyplan.cli import run
from tests.audit.accounts import ACCOUNT, SECRET, allow, document, snapshot, user
from tests.audit.gated import manifest

HOSTILE = "ann\x1b[2K\x1b]0;x\x07\u202e\x9b\ud800\r\n"

QUESTIONS = {
    "readers": ["readers", SECRET],
    "keys": ["keys", f"arn:aws:iam::{ACCOUNT}:user/{HOSTILE}"],
    "path": ["path", f"arn:aws:iam::{ACCOUNT}:user/{HOSTILE}", SECRET],
    "matrix": ["matrix"],
    "gate": ["gate", "--manifest", "manifest.json"],
    "changers": ["changers"],
}


@pytest.mark.parametrize("words", QUESTIONS.values(), ids=QUESTIONS)
def test_a_name_is_shown_and_never_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    anything = document(allow("*"), allow(Sid=HOSTILE))
    (tmp_path / "accounts.json").write_text(json.dumps(snapshot(user(HOSTILE, anything), user(HOSTILE))))
    (tmp_path / "manifest.json").write_text(json.dumps(manifest().to_json()))
    assert run(["audit", *words, "--snapshot", "accounts.json"]) in (0, 1)
    out, err = capsys.readouterr()
    assert "ann\ufffd[2K" in out
    assert "stands twice" in err
    assert [each for each in out + err if not each.isprintable() and each != "\n"] == []
