"""A project's own files: Pulumi.yaml and Pulumi.ENVIRONMENT.yaml, as one environment's configuration.

Two views of the same: `load_catalogue` checks it with line numbers, `raw_config` gives it in the form in
which Pulumi hands it to the program. ESC environments, which live in Pulumi's cloud, can't be seen from here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from keyplan.catalogue import Catalogue
from keyplan.checks.environment import read_catalogue
from keyplan.checks.environment_fields import DEFAULT_CLOUDS
from keyplan.checks.pasted import show
from keyplan.checks.problems import ALREADY_REPORTED, Location, Path, Problems, nearest, spell
from keyplan.checks.project import NAMESPACE, PROJECT_FILE, Project, full_name, read_project
from keyplan.checks.providers import AWS_REGION, read_providers
from keyplan.checks.yaml_text import Document, read_document
from keyplan.errors import CatalogueError, UsageError

# What Pulumi itself writes into, or reads from, a stack's file.
STACK_FIELDS = (
    "config",
    "encryptedkey",
    "encryptionsalt",
    "environment",
    "mainEnvironment",
    "secretsprovider",
)
NAMESPACES = (NAMESPACE, "aws", "aws-native", "gcp", "google-native", "pulumi")


@dataclass
class _Configuration:
    """A stack's values by full name (`keyplan:owner`), with the defaults of Pulumi.yaml."""

    values: dict[str, Any]
    written: dict[str, str]  # full name -> name in the stack's file
    project: Project
    document: Document


def find_project(start: FilePath) -> FilePath:
    """The nearest directory from `start` upwards that has a Pulumi.yaml. Raises UsageError without one."""
    for directory in (start, *start.parents):
        if (directory / PROJECT_FILE).is_file():
            return directory
    raise UsageError(
        f"there is no {PROJECT_FILE} here or in a directory above", "keyplan check --project DIRECTORY"
    )


def environments(project: FilePath) -> list[str]:
    """The names of the environments that have a file in the project, sorted."""
    return sorted(file.name[len("Pulumi.") : -len(".yaml")] for file in project.glob("Pulumi.?*.yaml"))


def load_catalogue(project: FilePath, environment: str) -> Catalogue:
    """The catalogue of one environment from the project's files.

    Raises:
        CatalogueError: with every mistake of Pulumi.yaml and of the environment's file, each with its line.
    """
    problems = Problems()
    configuration = _read(project, environment, problems)
    if configuration is None:
        raise CatalogueError(environment, problems.all())
    located = Problems(lambda path: _locate(configuration, path), problems)
    clouds = configuration.values.get(f"{NAMESPACE}:clouds", DEFAULT_CLOUDS)
    region = read_providers(configuration.values, clouds, located).get(AWS_REGION)
    ours = {
        name.removeprefix(f"{NAMESPACE}:"): value
        for name, value in configuration.values.items()
        if name.startswith(f"{NAMESPACE}:")
    }
    catalogue = read_catalogue(ours, environment, located, region)
    if catalogue is None:
        raise CatalogueError(environment, located.all())
    return catalogue


def raw_config(project: FilePath, environment: str) -> dict[str, str]:
    """The configuration as Pulumi hands it to the program: full name -> text, JSON for lists and mappings.

    Raises:
        CatalogueError: for files that can't be read, values of another type than Pulumi.yaml declares, and
            declared fields without a value. What the values mean is `load_catalogue`'s to check.
    """
    problems = Problems()
    configuration = _read(project, environment, problems)
    if configuration is not None:
        located = Problems(lambda path: _locate(configuration, path), problems)
        _check_types(configuration, located)
        if not located:
            return {name: _raw(value) for name, value in sorted(configuration.values.items())}
        problems = located
    raise CatalogueError(environment, problems.all())


def _read(directory: FilePath, environment: str, problems: Problems) -> _Configuration | None:
    project = read_project(directory, problems)
    document = read_document(directory / f"Pulumi.{environment}.yaml", problems, _catalogue_path)
    if project is None or document is None:
        return None
    values: dict[str, Any] = {}
    written: dict[str, str] = {}
    for name, value in _config_section(document, problems).items():
        full = full_name(name)
        namespace = full.split(":")[0]
        meant = nearest(namespace, NAMESPACES)
        if namespace not in NAMESPACES and meant is not None:
            place = document.locate(("config", name))
            problems.add((full,), "an unknown namespace", f"one of {', '.join(NAMESPACES)}", meant, place)
            continue
        if full in values:
            place = document.locate(("config", name))
            found = f"a second entry; the first is {spell((written[full],))}"
            problems.add((name,), found, "each field once, with or without its namespace", location=place)
        values[full], written[full] = value, name
    return _Configuration({**project.defaults, **values}, written, project, document)


def _config_section(document: Document, problems: Problems) -> dict[str, Any]:
    if document.value is None or document.value is ALREADY_REPORTED:
        return {}
    if not isinstance(document.value, dict):
        problems.add((), show(document.value), "a mapping with `config:`", location=document.locate(()))
        return {}
    for name in document.value:
        if name not in STACK_FIELDS:
            place = document.locate((name,))
            allowed = f"one of {', '.join(STACK_FIELDS)}"
            problems.add((name,), "an unknown field", allowed, nearest(name, STACK_FIELDS), place)
    section = document.value.get("config")
    if section is None or isinstance(section, dict):
        return section or {}
    if section is not ALREADY_REPORTED:
        problems.add(("config",), show(section), "a mapping", location=document.locate(("config",)))
    return {}


def _catalogue_path(path: Path) -> Path:
    """`("config", "keyplan:keys", "a")` in the file -> `("keys", "a")`, as the catalogue's "
    "mistakes are spelled."""
    if len(path) < 2 or path[0] != "config":
        return path
    return (full_name(str(path[1])).removeprefix(f"{NAMESPACE}:"), *path[2:])


def _locate(configuration: _Configuration, path: Path) -> Location | None:
    """Where a path of the catalogue stands: in the stack's file, or as a default in Pulumi.yaml."""
    document, project = configuration.document, configuration.project
    if not path:
        return document.locate(("config",)) or document.locate(()) or Location(document.file)
    full = full_name(str(path[0]))
    if full in configuration.written:
        return document.locate(("config", configuration.written[full], *path[1:]))
    if full in configuration.values and len(path) == 1:
        return project.locate_default(full)
    return None


def _check_types(configuration: _Configuration, problems: Problems) -> None:
    for name in configuration.project.required:
        if name not in configuration.values:
            problems.add(
                (name.removeprefix(f"{NAMESPACE}:"),), "nothing", "a value: it is declared without a default"
            )
    for name, declared in configuration.project.types.items():
        value = configuration.values.get(name)
        as_text = value if isinstance(value, (dict, list)) else _raw(value)
        if name in configuration.values and value is not ALREADY_REPORTED and not declared.accepts(as_text):
            problems.add((name.removeprefix(f"{NAMESPACE}:"),), show(value), f"a value of type {declared}")


def _raw(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return str(value)
