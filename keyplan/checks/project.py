"""The project file, Pulumi.yaml: what its `config:` declares for every stack, read as Pulumi reads it.

Source of the rules: Pulumi's sdk/go/common/workspace (project.go, config.go), read 2026-11-21. A declared
field without a default is required of every stack; with another namespace it is a value, no declaration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from keyplan.checks.pasted import show
from keyplan.checks.problems import ALREADY_REPORTED, Location, Problems, nearest
from keyplan.checks.yaml_text import Document, read_document

PROJECT_FILE = "Pulumi.yaml"
NAMESPACE = "keyplan"
TYPES = ("string", "integer", "boolean", "array", "object")


@dataclass(frozen=True)
class Declared:
    """What a value has to be: one of TYPES, and for an array what its items are."""

    type: str
    items: str | None = None

    def accepts(self, value: Any) -> bool:
        """As Pulumi's ValidateConfigValue decides; top-level scalars have become text by then."""
        if self.type == "array":
            return isinstance(value, list) and all(
                Declared(self.items or "string").accepts(item) for item in value
            )
        if self.type == "object":
            return isinstance(value, dict)
        if self.type == "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        if self.type == "integer":
            digits = isinstance(value, str) and value.lstrip("+-").isdecimal()
            return digits or (isinstance(value, int) and not isinstance(value, bool))
        return isinstance(value, str)

    def __str__(self) -> str:
        return f"array of {self.items}" if self.items else self.type


@dataclass
class Project:
    """What Pulumi.yaml says about configuration."""

    document: Document
    types: dict[str, Declared] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)  # by full name: `keyplan:clouds`
    required: list[str] = field(default_factory=list)

    def locate_default(self, name: str) -> Location | None:
        """Where the default of a full name stands in Pulumi.yaml."""
        for written in (name, name.removeprefix(f"{NAMESPACE}:")):
            for last in (("default",), ("value",), ()):
                location = self.document.locate(("config", written, *last))
                if location is not None:
                    return location
        return None


def read_project(directory: FilePath, problems: Problems) -> Project | None:
    """Pulumi.yaml of a project. None, with mistakes in `problems`, when it can't be read."""
    document = read_document(directory / PROJECT_FILE, problems)
    if document is None:
        return None
    project = Project(document)
    values = document.value if isinstance(document.value, dict) else {}
    if values.get("name") != NAMESPACE:
        problems.add(
            ("name",),
            show(values.get("name")),
            f"`{NAMESPACE}`: the project's name is the namespace of its configuration",
            location=document.locate(("name",)) or document.locate(()),
        )
    declarations = values.get("config") or {}
    if not isinstance(declarations, dict):
        problems.add(("config",), show(declarations), "a mapping", location=document.locate(("config",)))
        return project
    for name, declaration in declarations.items():
        _declare(project, name, declaration, problems)
    return project


def full_name(name: str) -> str:
    """`owner` -> `keyplan:owner`; `aws:config:region`, an old form that Pulumi reads, -> `aws:region`."""
    parts = name.split(":")
    if len(parts) == 1:
        return f"{NAMESPACE}:{name}"
    return f"{parts[0]}:{parts[2]}" if len(parts) == 3 and parts[1] == "config" else name


def _declare(project: Project, name: str, declaration: Any, problems: Problems) -> None:
    full = full_name(name)
    if declaration is ALREADY_REPORTED:
        return
    if not isinstance(declaration, dict):
        project.defaults[full] = declaration
        return
    default = declaration.get("default", declaration.get("value"))
    if default is not None:
        project.defaults[full] = default
    elif full.startswith(f"{NAMESPACE}:"):
        project.required.append(full)
    declared = _declared_type(project, name, declaration, problems)
    if declared is None:
        return
    project.types[full] = declared
    if default not in (None, ALREADY_REPORTED) and not declared.accepts(default):
        del project.defaults[full]
        place = project.locate_default(full)
        path = ("config", name, "default")
        problems.add(path, show(default), f"a default of the declared type, {declared}", location=place)


def _declared_type(project: Project, name: str, declaration: Any, problems: Problems) -> Declared | None:
    kind = declaration.get("type")
    if kind is None:
        return None
    path = ("config", name, "type")
    place = project.document.locate(path)
    if kind not in TYPES:
        meant = nearest(kind, TYPES) if isinstance(kind, str) else None
        problems.add(path, show(kind), ", ".join(TYPES), meant, place)
        return None
    if kind != "array":
        return Declared(kind)
    items = declaration.get("items")
    item_type = items.get("type") if isinstance(items, Mapping) else None
    if item_type in TYPES:
        return Declared(kind, item_type)
    problems.add(path, "an array without the type of its items", "`items: {type: …}`", location=place)
    return None
