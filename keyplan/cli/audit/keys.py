"""Say which secrets a principal can read, directly or through chains of roles.

  keyplan audit keys chat-api --snapshot accounts.json
  keyplan audit keys chat-api --snapshot accounts.json --format json

Each secret has the best access, with a shortest chain of sts:AssumeRole that leads to it. The best
verdict comes first.

Exit code: 0 answered; 2 no such principal or snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit keys`."""
    parser.add_argument("principal", metavar="PRINCIPAL", help="the user or role: its name or its ARN")
    snapshots.add_snapshot(parser)
    snapshots.add_format(parser, *snapshots.TABLE_FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Look the name up first: a wrong one need not wait until everything is weighed."""
    from keyplan.audit import questions
    from keyplan.audit.matrix import graph_of
    from keyplan.audit.reports.names import short

    estate = snapshots.estate_of(arguments.snapshot)
    principal = questions.principal_named(estate, arguments.principal)
    found = questions.keys(estate, graph_of(estate), principal)
    snapshots.print_table(
        found,
        arguments.format,
        title="What {} can read",
        about=short(estate.callers[principal].arn),
        mark=f"keys {estate.callers[principal].arn}",
        nobody="it can read no secret of the snapshot",
    )
    snapshots.tell_problems(estate.problems())
    return EXIT_DONE
