"""A right environment to make mistakes in, and what the checks say about one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from keyplan.catalogue import Catalogue
from keyplan.checks import parse_catalogue
from keyplan.errors import CatalogueError

RIGHT = """
owner: platform@example.com
keys:
  anthropic: {vendor: anthropic}
  router: {vendor: generic, envVar: ROUTER_API_KEY, format: 'rk-[0-9a-f]{24}'}
consumers:
  chat: {runtime: ecs, keys: [anthropic]}
"""
GONE = "(gone)"


def merged(values: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`values` with a nested change; GONE takes an entry away."""
    result = dict(values)
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(result.get(name), dict) and value:
            result[name] = merged(result[name], value)
        elif value == GONE:
            result.pop(name)
        else:
            result[name] = value
    return result


@pytest.fixture
def right() -> dict[str, Any]:
    """The values of an environment without a mistake."""
    values: dict[str, Any] = yaml.safe_load(RIGHT)
    return values


@pytest.fixture
def catalogue_of(right: dict[str, Any]) -> Callable[..., Catalogue]:
    """The catalogue of the right environment with a change, written as YAML."""

    def read(change: str = "{}", environment: str = "prod", region: str | None = "eu-west-1") -> Catalogue:
        return parse_catalogue(merged(right, yaml.safe_load(change)), environment, region=region)

    return read


@pytest.fixture
def mistakes_of(catalogue_of: Callable[..., Catalogue]) -> Callable[..., list[str]]:
    """Every mistake of the right environment with a change, as a person reads them."""

    def read(change: str, environment: str = "prod") -> list[str]:
        try:
            catalogue_of(change, environment)
        except CatalogueError as error:
            return [str(problem) for problem in error.problems]
        return []

    return read


@pytest.fixture
def fake_key() -> str:
    """Text in the format of an Anthropic API key, made at run time."""
    return "sk-ant-" + "api03-" + "x" * 93 + "AA"
