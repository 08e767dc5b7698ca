"""Which part may import which: read from the sources, so that a lazy import inside a function counts too."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CLOUD_SDKS = frozenset({"boto3", "botocore", "s3transfer", "google", "urllib3", "requests", "moto"})
PULUMI = frozenset({"pulumi", "pulumi_aws", "pulumi_gcp"})
FUNCTIONS = "components/functions/"
# part of the project -> what nothing in it may import
FORBIDDEN: dict[str, frozenset[str]] = {
    "keyplan": PULUMI | {"moto", "components", "sandbox"},
    "components": frozenset({"moto", "sandbox"}),
    "sandbox/provider": frozenset({"components"}),
}
# The only parts that may talk to a cloud; everything else is data in, data out. The functions are code of
# their own that runs in Lambda and in Cloud Run.
MAY_CALL_CLOUDS = ("keyplan/stores/", "keyplan/reads/", "keyplan/collecting/access.py", FUNCTIONS)
# What a function of keyplan finds where it runs: Python's own modules and in Lambda the runtime's SDK.
IN_CLOUD_RUN = frozenset(sys.stdlib_module_names)
IN_LAMBDA = IN_CLOUD_RUN | {"boto3", "botocore"}


def imported_by(path: Path) -> Iterator[str]:
    """Full names of the modules that a source file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def violations(project: Path, part: str, forbidden: frozenset[str]) -> set[str]:
    """`file imports module` for every import that is not allowed."""
    return {
        f"{path.relative_to(project)} imports {name}"
        for path in sorted((project / part).rglob("*.py"))
        for name in imported_by(path)
        if name.split(".")[0] in forbidden
    }


@pytest.mark.parametrize("part", FORBIDDEN)
def test_arrows_between_the_parts_go_one_way(project: Path, part: str) -> None:
    assert violations(project, part, FORBIDDEN[part]) == set()


def test_only_stores_talk_to_clouds(project: Path) -> None:
    found = violations(project, "keyplan", CLOUD_SDKS) | violations(project, "components", CLOUD_SDKS)
    assert {line for line in found if not line.startswith(MAY_CALL_CLOUDS)} == set()


def test_vendors_and_http_know_no_store(project: Path) -> None:
    """A value goes to its vendor by keyplan's own HTTP, whichever cloud it is stored in."""
    imported = {
        f"{path.name} imports {name}"
        for part in ("vendors", "http")
        for path in sorted((project / "keyplan" / part).glob("*.py"))
        for name in imported_by(path)
        if name.startswith(("keyplan.stores", "keyplan.cli", "keyplan.rotation"))
    }
    assert imported == set()


def test_a_vendors_own_module_loads_neither_http_nor_dates() -> None:
    """Every command loads them, `keyplan exec` too; asking is loaded where somebody asks."""
    program = "import sys, keyplan.vendors; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) & {"http.client", "ssl", "dataclasses", "email", "json"} == set()


@pytest.mark.parametrize("folder", ["", "aws/", "gcp/"])
def test_functions_need_nothing_but_what_is_there_where_they_run(project: Path, folder: str) -> None:
    sources = list((project / FUNCTIONS / folder).glob("*.py"))
    assert sources, "the functions have moved: name their folders here"
    there = IN_LAMBDA if folder == "aws/" else IN_CLOUD_RUN
    imported = {
        f"{path.name} imports {name}"
        for path in sources
        for name in imported_by(path)
        if name.split(".")[0] not in there
    }
    assert imported == set()


def test_a_file_named_for_policies_or_names_or_sizes_is_pure(project: Path) -> None:
    pure = [
        path
        for path in (project / "components").rglob("*.py")
        if any(
            word in path.stem
            for word in ("polic", "polici", "grant", "trust", "pack", "quota", "tag", "name", "document")
        )
    ]
    assert pure, "the pure builders have been renamed: name them here"
    found = {f"{path.name} imports {name}" for path in pure for name in imported_by(path)}
    assert {line for line in found if line.split()[-1].split(".")[0] in PULUMI | CLOUD_SDKS} == set()


def test_starting_the_command_loads_no_cloud_library() -> None:
    program = "import sys, keyplan.cli; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = CLOUD_SDKS | PULUMI | {"yaml", "jsonschema"}
    assert set(loaded.stdout.split()) & heavy == set()


def test_a_lazy_import_and_a_dynamic_one_are_found(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "module.py").write_text(
        "import json\ndef f():\n    from components.aws import x\n"
        "    importlib.import_module('sandbox.server')\n"
    )
    assert violations(tmp_path, "part", frozenset({"components", "sandbox"})) == {
        "part/module.py imports components.aws",
        "part/module.py imports components.aws.x",
        "part/module.py imports sandbox.server",
    }
