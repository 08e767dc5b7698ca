"""Where code scanning shows a finding: the line of the catalogue that names the key or its consumer.

Without a project, or where the catalogue's file does not name it, that is the snapshot's file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyplan.audit.gate import Finding
    from keyplan.audit.reports.sarif import Place
    from keyplan.manifest.model import Manifest


def places(manifest: Manifest, snapshot: str) -> Callable[[Finding], Place]:
    """Where each finding stands.

    Args:
        snapshot: the snapshot as the command line names it; `-` is standard input.
    """
    from keyplan.audit.reports.sarif import Place
    from keyplan.manifest.sources import find_project

    found = find_project()
    project = None if found is None else Path(found)
    top = _top(project or Path.cwd())
    other = Place("snapshot.json" if snapshot == "-" else _uri(Path(snapshot), top))
    lines = {} if project is None else _lines(project / f"Pulumi.{manifest.environment}.yaml", top)
    key_of = {_anywhere(key.aws.arn): name for name, key in manifest.keys.items() if key.aws is not None}
    consumer_of = {each.role_arn: name for name, each in manifest.consumers.items() if each.role_arn}

    def place_of(finding: Finding) -> Place:
        consumer, key = consumer_of.get(finding.principal), key_of.get(_anywhere(finding.secret))
        return lines.get(("consumers", consumer)) or lines.get(("keys", key)) or other

    return place_of


def _anywhere(arn: str) -> tuple[str, ...]:
    """A secret's ARN without its region: its replicas differ in that alone."""
    parts = arn.split(":", 6)
    return (*parts[:3], *parts[4:])


def _lines(file: Path, top: Path) -> Mapping[tuple[str, str | None], Place]:
    """The place of each key and consumer in a catalogue's file; none where there is no such file."""
    from keyplan.audit.reports.sarif import Place
    from keyplan.checks.problems import Problems
    from keyplan.checks.yaml_text import read_document

    if not file.is_file():
        return {}
    document = read_document(file, Problems())
    if document is None:
        return {}
    uri, texts = _uri(file, top), file.read_text(encoding="utf-8-sig").splitlines()
    return {
        (str(path[1]).removeprefix("keyplan:"), str(path[2])): Place(uri, line, len(texts[line - 1]) + 1)
        for path, line in document.lines.items()
        if len(path) == 3 and path[0] == "config" and line <= len(texts)
    }


def _top(start: Path) -> Path:
    """The top of the repository, to which code scanning's paths are relative; else where one stands."""
    directory = start.resolve()
    return next((each for each in (directory, *directory.parents) if (each / ".git").exists()), directory)


def _uri(file: Path, top: Path) -> str:
    """The file's path from the top, with symbolic links resolved; outside of it, its name alone."""
    found = file.resolve()
    return quote(found.relative_to(top).as_posix() if found.is_relative_to(top) else found.name)
