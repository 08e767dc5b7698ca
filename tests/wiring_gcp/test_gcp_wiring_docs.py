"""docs/wiring-gcp.md tells the truth: its blocks are the command's output, and its code does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from keyplan.catalogue import GCP_RUNTIMES
from keyplan.cli.wire import table
from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import TARGETS, wire
from tests.wiring.test_wiring_ci_docs import HERE as OF_THE_CI_PAGE

ON_GCP = {name: kind for name, kind in TARGETS.items() if "gcp" in kind.clouds and kind.in_stack}


@pytest.fixture
def page(project: Path) -> str:
    """The page."""
    return (project / "docs" / "wiring-gcp.md").read_text()


def block(page: str, mark: str) -> str:
    """The fenced block below the comment `mark`."""
    found = re.search(rf"^<!-- {re.escape(mark)} -->\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found, mark
    return found[1]


def test_each_example_is_what_the_command_prints(page: str, manifest: Manifest) -> None:
    marks = re.findall(r"^<!-- keyplan wire (\S+) (\S+) -->$", page, re.MULTILINE)
    assert {target for target, _ in marks} == set(ON_GCP) - set(OF_THE_CI_PAGE)
    for target, consumer in marks:
        assert block(page, f"keyplan wire {target} {consumer}") == wire(manifest, consumer, target)


def test_the_table_of_consumers_is_what_the_command_prints(page: str, manifest: Manifest) -> None:
    assert block(page, "keyplan wire") == table(manifest)


def test_the_table_of_targets_has_each_with_its_runtimes(page: str) -> None:
    rows = re.findall(r"^\| \[?`([a-z-]+)`(?:\]\(\S+\))? \| ([^|]+) \|", page, re.MULTILINE)
    assert [name for name, _ in rows] == list(ON_GCP)
    for name, runtimes in rows:
        if name != "dotenv":
            assert set(runtimes.split(", ")) == ON_GCP[name].runtimes
    assert ON_GCP["dotenv"].runtimes > GCP_RUNTIMES


def test_the_refusal_of_a_kubernetes_secret_names_what_the_page_names(page: str, manifest: Manifest) -> None:
    [row] = re.findall(r"^\| Kubernetes Secret in a manifest \|.*", page, re.MULTILINE)
    with pytest.raises(UsageError) as caught:
        wire(manifest, "search", "kubernetes-secret")
    instead = re.search(r"; instead: (.*)$", caught.value.message)
    assert instead
    named = [name for name in instead[1].split(", ") if name != "dotenv"]
    assert re.findall(r"`(gke[a-z-]*)`", row) == named


def test_the_program_that_reads_a_file_finds_it(
    page: str, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load(wire(manifest, "web", "cloud-run-volume"))
    [container] = document["spec"]["template"]["spec"]["containers"]
    paths = {entry["name"]: entry["value"] for entry in container["env"]}
    file = tmp_path / paths["ANTHROPIC_API_KEY_FILE"].lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_text("the value")
    monkeypatch.setenv("ANTHROPIC_API_KEY_FILE", str(file))
    names: dict[str, Any] = {}
    exec(block(page, "read a file"), names)  # noqa: S102 the page is ours
    assert names["read_key"]("ANTHROPIC_API_KEY") == "the value"
