"""Hold the account against the catalogue, for CI: fail when somebody can read a secret who shall not.

  keyplan audit gate --snapshot accounts.json --manifest manifest.json
  keyplan audit gate --snapshot accounts.json --stack prod --baseline accepted.json

Finds who reads and is not in the catalogue, readers of the catalogue who cannot read, secrets that are open
to other accounts or to everybody, wildcards, and CI trusts that another repository meets. --baseline is a
list of findings that somebody accepted, each with a reason and a last day.

Exit code: 0 as the catalogue says, or accepted; 1 there are findings; 2 no such snapshot, manifest or
baseline.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.cli.output import reporter, result
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit gate`."""
    snapshots.add_snapshot(parser)
    parser.add_argument("--baseline", metavar="FILE", help="accepted findings")
    snapshots.add_format(parser, *snapshots.GATE_FORMATS)
    snapshots.add_manifest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare, leave out what is accepted, and print the rest."""
    from keyplan.audit import baseline, gate
    from keyplan.audit.matrix import graph_of
    from keyplan.audit.reports import answers, text
    from keyplan.manifest import Manifest
    from keyplan.manifest_sources import load

    estate = snapshots.estate_of(arguments.snapshot)
    document = load(arguments.manifest, arguments.stack, report=reporter(arguments.verbose))
    manifest = Manifest.from_document(document)
    accepted = (
        baseline.read_baseline(snapshots.load(arguments.baseline, "baseline")) if arguments.baseline else ()
    )
    found = gate.findings(estate, graph_of(estate), manifest)
    today = estate.snapshot.context.get("aws:currenttime", ("",))[0][:10]
    if accepted and not today:
        raise UsageError("the snapshot's context has no aws:CurrentTime, and acceptances have a last day")
    outcome = baseline.weighed(found, accepted, today)
    if arguments.format == "json":
        result(json.dumps(answers.gate(outcome), indent=2))
    elif arguments.format == "text":
        sys.stdout.writelines(f"{line}\n" for line in text.findings(outcome))
    else:
        snapshots.print_findings(arguments, manifest, outcome, accepted, estate.problems())
    snapshots.tell_problems(estate.problems())
    return EXIT_FINDINGS if outcome.counting else EXIT_DONE
