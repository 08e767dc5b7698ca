"""Credentials that are recognisably not real ones, for every client that a test here makes."""

from __future__ import annotations

import pytest

from sandbox.isolation import isolated


@pytest.fixture(autouse=True)
def isolated_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the sandbox's own processes."""
    for name, text in isolated({}).items():
        monkeypatch.setenv(name, text)
