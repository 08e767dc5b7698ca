"""docs/wiring-claude.md tells the truth: its blocks are the command's output, for each route that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyplan.routes import Route
from keyplan.wiring import CLAUDE_ACTION, PROGRAMS, wire
from tests.wiring import conftest as on_aws
from tests.wiring.routes import with_route
from tests.wiring_gcp import conftest as on_gcp

BLOCK = re.compile(
    r"^<!-- keyplan wire (\S+) ([\w-]+)(?:, ([a-z]+?))??(, gcp)? -->\n```\w+\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def expected(target: str, consumer: str, route: str, cloud: str) -> str:
    """What the command prints for the consumer of the examples, with the route that the page names."""
    manifest = (on_gcp if cloud else on_aws).example()
    return wire(with_route(manifest, consumer, route) if route else manifest, consumer, target)


@pytest.fixture
def page(project: Path) -> str:
    """The page."""
    return (project / "docs" / "wiring-claude.md").read_text()


def test_each_example_is_what_the_command_prints(page: str) -> None:
    found = BLOCK.findall(page)
    assert len(found) == page.count("<!-- keyplan wire")
    for target, consumer, route, cloud, text in found:
        assert text == expected(target, consumer, route, cloud)
    assert {target for target, *_ in found} >= {"claude-code", CLAUDE_ACTION, *PROGRAMS}


def test_the_table_has_every_route(page: str) -> None:
    rows = re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)
    assert rows == [str(route) for route in Route]
