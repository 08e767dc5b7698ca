"""Which projects of Google Cloud the sandbox makes before the program runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.configuration import google_projects

VERTEX = {"vertex": {"region": "eu", "project": "example-models"}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ()),
        ({"keyplan:routes": VERTEX}, ()),
        ({"gcp:project": "example-prod"}, ("example-prod",)),
        ({"gcp:project": "example-prod", "keyplan:routes": VERTEX}, ("example-prod", "example-models")),
        (
            {"gcp:project": "example-prod", "keyplan:routes": json.dumps(VERTEX)},
            ("example-prod", "example-models"),
        ),
        ({"gcp:project": "example-models", "keyplan:routes": VERTEX}, ("example-models",)),
        ({"gcp:project": "example-prod", "keyplan:routes": {"vertex": "eu"}}, ("example-prod",)),
        ({"gcp:project": "example-prod", "keyplan:routes": {"vertex": {"project": 7}}}, ("example-prod",)),
        ({"gcp:project": "example-prod", "keyplan:routes": "{"}, ("example-prod",)),
        ({"gcp:project": "example-prod", "keyplan:routes": "[]"}, ("example-prod",)),
    ],
)  # fmt: skip
def test_a_configurations_projects_are_found_however_it_is_handed_over(
    config: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert google_projects(config) == expected
