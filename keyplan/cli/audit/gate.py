"""Hold the account against the catalogue, for CI: fail when somebody can read a key who shall not.

  keyplan audit gate --snapshot accounts.json --manifest manifest.json
  keyplan audit gate --snapshot accounts.json --stack prod --baseline accepted.json
  keyplan audit gate --snapshot accounts.json --stack prod --format baseline > accepted.json

Finds who reads and is not in the catalogue, and by which statement, policy or grant; readers of the catalogue
who cannot read, and what stops them; keys and readers' roles that are open to other accounts, services,
federations or everybody; wildcards; and trusts that take tokens of CI jobs which the catalogue does not name.

--baseline is a list of findings that somebody accepted, each with a reason and a last day. --format baseline
writes one to begin with, refused until every entry has its reason. Keys on Google Cloud are not weighed.

Exit code: 0 as the catalogue says, or accepted; 1 there are findings; 2 no such snapshot, manifest or
baseline.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit gate`."""
    snapshots.add_snapshot(parser)
    parser.add_argument(
        "--baseline", metavar="FILE", help="accepted findings, each with a reason and a last day"
    )
    snapshots.add_format(parser, *snapshots.GATE_FORMATS)
    snapshots.add_manifest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare, leave out what is accepted, and print the rest."""
    from keyplan.audit import baseline, gate
    from keyplan.audit.matrix import graph_of
    from keyplan.audit.reports import answers, findings
    from keyplan.manifest.model import Manifest
    from keyplan.manifest.sources import load

    estate = snapshots.estate_of(arguments.snapshot)
    document = load(arguments.manifest, arguments.stack, report=reporter(arguments.verbose))
    manifest = Manifest.from_document(document)
    acceptances = snapshots.acceptances(arguments.baseline, gate.CODES)
    with snapshots.before_refusing(estate):
        found = gate.findings(estate, graph_of(estate), manifest)
    today = baseline.day_of(estate, acceptances)
    outcome = baseline.weighed(found, acceptances, today)
    if arguments.format == "json":
        result(json.dumps(answers.gate(outcome), indent=2))
    elif arguments.format == "text":
        snapshots.print_lines(findings.lines(outcome))
        if any(each.path for each in outcome.counting):
            say("every statement of a way: keyplan audit path PRINCIPAL SECRET --snapshot FILE")
    elif arguments.format == "baseline":
        result(json.dumps(baseline.proposed(outcome, acceptances, today), indent=2))
    else:
        snapshots.print_findings(arguments, manifest, outcome, acceptances, estate.problems())
    if manifest.gcp is not None:
        say(f"note: what {manifest.environment} has on Google Cloud is not in a snapshot of AWS: not weighed")
    snapshots.tell_problems(list(findings.about_baseline(outcome, today)))
    snapshots.tell_problems(estate.problems())
    return EXIT_FINDINGS if outcome.counting else EXIT_DONE
