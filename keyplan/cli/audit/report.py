"""Write the audit as one page of HTML that opens in any browser, without a server and without a network.

  keyplan audit report --snapshot accounts.json --out report.html
  keyplan audit report --snapshot accounts.json --out report.html --stack prod --baseline accepted.json

The page has the matrix of principals and secrets, each verdict's way and statements, who is let in from
outside, who could change the answer, and what could not be read; with --manifest or --stack also what differs
from the catalogue. It holds no value, and names principals: only you may read the file (mode 0600). The same
snapshot gives the same file, and a second run replaces it; --out - prints it instead.

Exit code: 0 written, whatever it says; 2 no such snapshot, manifest or baseline, or the file cannot be
written.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyplan.cli.audit import kept, snapshots
from keyplan.cli.output import say
from keyplan.errors import EXIT_DONE, UsageError

if TYPE_CHECKING:
    import argparse

    from keyplan.audit.chains import Graph
    from keyplan.audit.estate import Estate

FIRST_LINE = "<!doctype html>"  # of a page, which a second run may replace


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit report`."""
    snapshots.add_snapshot(parser)
    parser.add_argument(
        "--out", metavar="FILE.html", required=True, help="the file to write; `-` is standard output"
    )
    kept.add_catalogue(parser)


def run(arguments: argparse.Namespace) -> int:
    """Weigh everything, compare where there is a manifest, and write the page."""
    from keyplan import __version__
    from keyplan.audit.changers import changers
    from keyplan.audit.matrix import graph_of
    from keyplan.audit.reports.page import page
    from keyplan.audit.reports.page.content import changers_content

    kept.check_baseline(arguments)
    target = None if arguments.out == "-" else _target(arguments.out)
    estate = _estate(arguments.snapshot)
    graph = graph_of(estate)
    gate = _compared(arguments, estate, graph)
    could_change = changers_content(estate, changers(estate, graph))
    text = page(estate, graph, version=__version__, gate=gate, changers=could_change)
    if target is None:
        sys.stdout.write(text)
    else:
        _write(target, text)
    snapshots.tell_problems(estate.problems())
    return EXIT_DONE


def _target(name: str) -> Path:
    """Where the page goes. Raises UsageError where something else than a page is there, or nothing can be."""
    from keyplan.wiring import files

    path = kept.target(name, "report.html")
    if path.exists() and not files.starts_with_line(path, FIRST_LINE):
        raise UsageError(f"{path} is there and is no page of HTML: it is not replaced", "choose another name")
    return path


def _write(path: Path, text: str) -> None:
    from keyplan.wiring import files

    content = text.encode("ascii")
    files.write(path, content, files.PRIVATE_MODE)
    say(f"wrote {path} (mode 0600, {len(content) / 1e6:.1f} MB): open it in a browser")


def _estate(name: str) -> Estate:
    """The snapshot's estate. Raises UsageError where it is no snapshot, or holds something like a value."""
    from keyplan.audit.estate import Estate
    from keyplan.audit.snapshot import read_snapshot

    document = kept.without_value(snapshots.read(name, "snapshot"), "snapshot", "page")
    return Estate(read_snapshot(document))


def _compared(arguments: argparse.Namespace, estate: Estate, graph: Graph) -> dict[str, Any] | None:
    """The gate's findings, for a report that has a catalogue to compare with."""
    document = kept.catalogue(arguments)
    if document is None:
        return None
    from keyplan.audit import baseline, gate
    from keyplan.audit.reports.page.content import gate_content
    from keyplan.manifest.model import Manifest

    manifest = Manifest.from_document(document)
    acceptances = snapshots.acceptances(arguments.baseline, gate.CODES)
    today = baseline.day_of(estate, acceptances)
    outcome = baseline.weighed(gate.findings(estate, graph, manifest), acceptances, today)
    return gate_content(outcome, manifest.environment)
