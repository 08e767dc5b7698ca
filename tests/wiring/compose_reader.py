"""What Docker Compose makes of a file: its own parser where it is here, and the rules that it documents.

The rules are for machines without Compose: `$$` is a dollar sign, `$NAME` and `${…}` are replaced, and any
other dollar sign is an error. Source: Compose file reference, "Interpolation" (docs.docker.com).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

# A program that loads Compose files as `docker compose` does (it is made with compose-go) and prints them as
# JSON: services by name with their environment, and secrets with their content.
LOADER_VARIABLE = "KEYPLAN_TEST_COMPOSE_LOADER"
LOADER = os.environ.get(LOADER_VARIABLE)  # read at import: tests start with a cleared environment
_DOLLAR = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{[^}]*\}|(.?))", re.DOTALL)


class InterpolatedError(Exception):
    """A dollar sign that Compose would replace or refuse."""


def by_rules(text: str) -> dict[str, Any]:
    """The file, with every value as Compose reads it."""
    found: dict[str, Any] = _values(yaml.safe_load(text))
    return found


def _values(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _values(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_values(value) for value in node]
    return _DOLLAR.sub(_replaced, node) if isinstance(node, str) else node


def _replaced(match: re.Match[str]) -> str:
    if match[1] is None:
        raise InterpolatedError(match[0])
    return "$"


def has_compose() -> bool:
    """Whether the docker command has Compose."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


def by_compose(files: list[Path], env: dict[str, str]) -> dict[str, dict[str, str]]:
    """`docker compose config`: the environment of each service. It prints `$$` for a dollar sign."""
    options = [word for file in files for word in ("-f", str(file))]
    done = subprocess.run(
        ["docker", "compose", *options, "config", "--format", "json"],
        env=env, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    document = _values(json.loads(done.stdout))
    return {name: service.get("environment", {}) for name, service in document["services"].items()}


def by_loader(files: list[Path], env: dict[str, str]) -> dict[str, Any]:
    """The loader's answer: `services` with their environments, and `secrets` with their contents."""
    assert LOADER is not None
    done = subprocess.run(
        [LOADER, *map(str, files)], env=env, capture_output=True, encoding="utf-8", check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
