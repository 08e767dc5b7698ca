"""docs/wiring-claude.md tells the truth: its blocks are the command's output, for each route."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyplan.doctor.variables import ROUTING
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


def test_back_to_clean_names_every_variable_that_routes(project: Path) -> None:
    text = (project / "docs" / "claude-code.md").read_text()
    block = re.search(r"^<!-- back to clean -->\n```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    named = block[1].replace("unset", "").split()
    assert len(named) == len(set(named))
    assert set(named) >= set(ROUTING)


def test_the_page_of_claude_code_names_each_route_with_what_the_settings_have(project: Path) -> None:
    text = (project / "docs" / "claude-code.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z]+)` \| ([^|]+) \|", text, re.MULTILINE))
    for route in ("bedrock", "vertex", "foundry", "subscription"):
        printed = expected("claude-code", "research", route, ", gcp" if route == "vertex" else "")
        assert all(
            name in printed for name in re.findall("`([A-Za-z_]+)`", rows[route]) if name != "awsAuthRefresh"
        )
