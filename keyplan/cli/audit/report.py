"""Write the audit as one page of HTML that opens in any browser, without a server and without a network.

  keyplan audit report --snapshot accounts.json --out report.html
  keyplan audit report --snapshot accounts.json --out report.html --stack prod --baseline accepted.json

The page has the matrix of principals and secrets, each verdict's way and statements, who is let in from
outside, who could change the answer, and what could not be read; with --manifest or --stack also what differs
from the catalogue. It holds no value. The same snapshot gives the same file, and a second run replaces it;
--out - prints it instead.

Exit code: 0 written, whatever it says; 2 no such snapshot, manifest or baseline, or the file cannot be
written.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from keyplan.cli.audit import snapshots
from keyplan.cli.output import reporter, say
from keyplan.errors import EXIT_DONE, UsageError

if TYPE_CHECKING:
    import argparse

    from keyplan.audit.chains import Graph
    from keyplan.audit.estate import Estate


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit report`."""
    snapshots.add_snapshot(parser)
    parser.add_argument(
        "--out", metavar="FILE.html", required=True, help="the file to write; `-` is standard output"
    )
    group = parser.add_argument_group("the catalogue to compare with (default: none)")
    group.add_argument("--manifest", metavar="FILE", help="an environment's manifest")
    group.add_argument("--stack", metavar="NAME", help="take the manifest from this stack's output")
    group.add_argument("--baseline", metavar="FILE", help="accepted findings, shown apart")


def run(arguments: argparse.Namespace) -> int:
    """Weigh everything, compare where there is a manifest, and write the page."""
    from keyplan import __version__
    from keyplan.audit.changers import changers
    from keyplan.audit.matrix import graph_of
    from keyplan.audit.reports.page import page
    from keyplan.audit.reports.page.content import changers_content

    if arguments.baseline and not (arguments.manifest or arguments.stack):
        raise UsageError("--baseline accepts what differs from a catalogue: add --manifest or --stack")
    estate = snapshots.estate_of(arguments.snapshot)
    graph = graph_of(estate)
    gate = _compared(arguments, estate, graph)
    could_change = changers_content(estate, changers(estate, graph))
    text = page(estate, graph, version=__version__, gate=gate, changers=could_change)
    _write(arguments.out, text)
    snapshots.tell_problems(estate.problems())
    return EXIT_DONE


def _compared(arguments: argparse.Namespace, estate: Estate, graph: Graph) -> dict[str, Any] | None:
    """The gate's findings, for a report that has a catalogue to compare with."""
    if not (arguments.manifest or arguments.stack):
        return None
    from keyplan.audit import baseline, gate
    from keyplan.audit.reports.page.content import gate_content
    from keyplan.manifest import Manifest
    from keyplan.manifest_sources import load

    document = load(arguments.manifest, arguments.stack, report=reporter(arguments.verbose))
    manifest = Manifest.from_document(document)
    accepted = (
        baseline.read_baseline(snapshots.load(arguments.baseline, "baseline")) if arguments.baseline else ()
    )
    today = estate.snapshot.context.get("aws:currenttime", ("",))[0][:10]
    if accepted and not today:
        raise UsageError("the snapshot's context has no aws:CurrentTime, and acceptances have a last day")
    outcome = baseline.weighed(gate.findings(estate, graph, manifest), accepted, today)
    return gate_content(outcome, manifest.environment)


def _write(name: str, text: str) -> None:
    """Replace the file at once, so that a report is whole or not there.

    Raises:
        UsageError: it cannot be written there.
    """
    if name == "-":
        sys.stdout.write(text)
        return
    beside = f"{name}.part"
    try:
        with open(beside, "w", encoding="ascii", newline="\n") as file:
            file.write(text)
        os.replace(beside, name)
    except OSError as error:
        raise UsageError(
            f"the report cannot be written: {(error.strerror or 'failed').lower()}",
            "give --out a file in a directory that is there and that you may write to",
        ) from None
    say(f"wrote {name} ({len(text) / 1e6:.1f} MB): open it in a browser")
