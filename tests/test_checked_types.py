"""The type checker reads those services of the SDKs that are used: of any other it would say nothing."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

SDKS = ("pulumi_aws", "pulumi_gcp")
PARTS = ("components", "sandbox", "keyplan")


def used_of_the_sdks(path: Path) -> Iterator[str]:
    """`pulumi_aws.iam` for each attribute of an imported SDK that a source file mentions."""
    tree = ast.parse(path.read_text())
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in SDKS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            yield f"{names[node.value.id]}.{node.attr}"


def test_every_service_that_the_program_uses_is_checked_and_no_other(project: Path) -> None:
    overrides = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (read,) = (set(one["module"]) for one in overrides if one.get("follow_imports") == "normal")
    used = {
        name for part in PARTS for path in (project / part).rglob("*.py") for name in used_of_the_sdks(path)
    }
    assert read == set(SDKS) | {name if "get_" in name else f"{name}.*" for name in used}
