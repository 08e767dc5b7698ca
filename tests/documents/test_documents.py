"""The documents tell the truth: links lead somewhere, and the commands that they show exist."""

import re
import subprocess
from pathlib import Path

import pytest

from keyplan.cli import VERBS

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([PROJECT / "README.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]+)?\)")
NAMED_PATH = re.compile(r"`((?:docs|components|keyplan|sandbox|tests|benchmarks)/[\w./-]*)`")
COMMAND = re.compile(r"(?:\.venv/bin/)?\bkeyplan (?:-[\w-]+ )*([a-z][a-z-]+)\b")


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def code_of(text: str) -> str:
    """What a reader may type: inline code, and of a session the lines that start with a prompt."""
    sessions = "\n".join(re.findall(r"```console\n.*?```", text, re.DOTALL))
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return "\n".join([*re.findall(r"^\$ .*$", sessions, re.MULTILINE), *re.findall(r"`[^`\n]+`", outside)])


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_and_every_named_path_leads_to_a_file(document: Path) -> None:
    text = document.read_text()
    links = [(document.parent / target) for target, _ in LINK.findall(text) if "://" not in target]
    paths = [PROJECT / target for target in NAMED_PATH.findall(text)]
    assert [str(path) for path in (*links, *paths) if not path.exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_that_a_document_shows_exists(document: Path) -> None:
    # `keyplan rotate` and its like are named in the design of later versions, never in the documents.
    shown = set(COMMAND.findall(code_of(document.read_text())))
    assert shown <= set(VERBS)


def test_the_readme_names_every_command() -> None:
    readme = (PROJECT / "README.md").read_text()
    assert [verb for verb in VERBS if f"keyplan {verb}" not in readme] == []


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    readme = (PROJECT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"\bmake ([a-z]+)\b", code_of(readme)))
    assert {"sandbox", "test"} <= shown <= targets


def test_no_tracked_file_holds_a_whole_key_or_an_address_of_a_package_index() -> None:
    """Scanners would alarm on the first, and the second would tie everybody to one index."""
    pattern = "sk-ant-(api03|admin01)-[A-Za-z0-9_-]{80,}|https?://[a-z0-9.-]*(pypi|pythonhosted|npmjs)"
    found = subprocess.run(
        ["git", "grep", "-lE", pattern, "--", ".", ":!tests/documents"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 128:
        pytest.skip("not a git checkout: which files are tracked is unknown")
    assert found.stdout == ""
