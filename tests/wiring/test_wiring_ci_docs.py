"""docs/wiring-ci.md tells the truth: its blocks are the command's output, on both clouds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyplan.wiring import LAST_RESORT, TARGETS, wire
from tests.wiring import conftest as on_aws
from tests.wiring_gcp import conftest as on_gcp

HERE = ("bitbucket-pipelines", "azure-pipelines", "jenkins", "codebuild", "pulumi-deployments")
BLOCK = re.compile(
    r"^<!-- keyplan wire (\S+) (\S+?)(, gcp)? -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@pytest.fixture
def page(project: Path) -> str:
    """The page."""
    return (project / "docs" / "wiring-ci.md").read_text()


def test_each_example_is_what_the_command_prints(page: str) -> None:
    found = BLOCK.findall(page)
    assert [(target, cloud) for target, _, cloud, _ in found] == [
        *(
            (target, cloud)
            for target in HERE
            for cloud in ("", ", gcp")
            if target != "codebuild" or not cloud
        ),
        (LAST_RESORT, ""),
    ]
    for target, consumer, cloud, text in found:
        manifest = (on_gcp if cloud else on_aws).example()
        assert text == wire(manifest, consumer, target)


def test_the_table_says_of_each_target_what_its_output_says(page: str) -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|.*\| (no|yes, line by line) \|$", page, re.MULTILINE))
    assert rows == {
        "bitbucket-pipelines": "no",
        "azure-pipelines": "yes, line by line",
        "jenkins": "no",
        "pulumi-deployments": "no",
    }
    for target, masked in rows.items():
        text = next(found[3] for found in BLOCK.findall(page) if found[0] == target)
        assert ("task.setsecret" in text) == (masked != "no")
        assert ("not mask" in " ".join(re.sub("[#/]", "", text).split())) == (masked == "no")
    assert set(HERE) <= set(TARGETS)
