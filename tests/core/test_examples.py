"""The examples of one run of continuous integration are those of the next."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from tests.examples import leave_out_constants, profile


def tried() -> list[list[int]]:
    """The examples of a run."""
    examples: list[list[int]] = []

    @settings(profile(repeatable=True))
    @given(st.lists(st.integers()))
    def remember(numbers: list[int]) -> None:
        examples.append(numbers)

    remember()
    return examples


def test_every_run_tries_the_same_whatever_modules_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "_get_local_constants", providers._get_local_constants)
    leave_out_constants()
    before = tried()
    file = tmp_path / "of_the_product.py"
    file.write_text(f"NUMBERS = [{', '.join(str(7_000 + number) for number in range(500))}]\n")
    module = ModuleType("of_the_product")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert tried() == before
