"""Folders of files that the audit's commands are asked about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.audit.accounts import ANN, SECRET, allow, document, role, snapshot, user
from tests.audit.gated import EXACT, manifest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A snapshot with a stranger, who is accepted in a baseline, and a manifest."""
    accounts = snapshot(role("reader", EXACT), user("ann", document(allow())))
    accepted = {"code": "administrator", "principal": ANN, "secret": SECRET}
    accepted |= {"code": "unlisted-reader", "reason": "on call", "expires": "2027-01-31"}
    (tmp_path / "accounts.json").write_text(json.dumps(accounts, indent=1))
    (tmp_path / "manifest.json").write_text(json.dumps(manifest().to_json()))
    (tmp_path / "accepted.json").write_text(json.dumps([accepted]))
    monkeypatch.chdir(tmp_path)
    return tmp_path
