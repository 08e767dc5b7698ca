"""What a run leaves in the sandbox's directory: the manifest, the wiring and a summary; none of it secret."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from keyplan.errors import KeyplanError
from sandbox.project import Project, write_private

SUMMARY_NAME = "summary.json"


def write_outputs(project: Project, outputs: Mapping[str, Any], resources: int) -> None:
    """Write the stack's outputs where the keyplan command and a person look for them.

    Raises KeyplanError when the program exports no manifest.
    """
    manifest = outputs.get("manifest")
    if not isinstance(manifest, dict):
        raise KeyplanError(
            "the program exported no manifest", "__main__.py has to export `manifest` and `wiring`"
        )
    write_private(project.manifest_file, _json(whole_numbers(manifest)))
    _write_wiring(project, outputs.get("wiring") or {})
    write_private(project.directory / SUMMARY_NAME, _json({"resources": resources}))


def read_manifest(project: Project) -> dict[str, Any] | None:
    """The manifest of the last run, or None when there was none."""
    from keyplan.manifest.checking import parse

    try:
        text = project.manifest_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return dict(parse(text, str(project.manifest_file)))


def read_resources(project: Project) -> int | None:
    """How many resources the last run left, or None when that is not known."""
    try:
        return int(json.loads((project.directory / SUMMARY_NAME).read_text(encoding="utf-8"))["resources"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def remove_outputs(project: Project) -> None:
    """Forget the last run: its cloud is gone."""
    for path in (project.manifest_file, project.state_file, project.directory / SUMMARY_NAME):
        path.unlink(missing_ok=True)
    shutil.rmtree(project.wiring_directory, ignore_errors=True)


def whole_numbers(value: Any) -> Any:
    """The same value with 30 where Pulumi's outputs, which have floating numbers only, say 30.0."""
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _write_wiring(project: Project, wiring: Mapping[str, Mapping[str, str]]) -> None:
    shutil.rmtree(project.wiring_directory, ignore_errors=True)
    for consumer, targets in wiring.items():
        for target, text in targets.items():
            # Both are names that the catalogue's check let through; a path would still lead out of here.
            if PurePath(consumer).name == consumer and PurePath(target).name == target:
                write_private(project.wiring_directory / consumer / target, text)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
