"""Say who can read a secret, directly or through chains of roles.

  keyplan audit readers prod/anthropic-api-key --snapshot accounts.json
  keyplan audit readers prod/anthropic-api-key --snapshot accounts.json --format json

Each principal has its best access, with a shortest chain of sts:AssumeRole that leads to it. The best
verdict comes first.

Exit code: 0 answered; 2 no such secret or snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit readers`."""
    parser.add_argument("secret", metavar="SECRET", help="the secret: its name or its ARN")
    snapshots.add_snapshot(parser)
    snapshots.add_format(parser, *snapshots.TABLE_FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Look the name up first: a wrong one need not wait until everything is weighed."""
    from keyplan.audit import questions
    from keyplan.audit.matrix import graph_of

    estate = snapshots.estate_of(arguments.snapshot)
    secret = questions.secret_named(estate, arguments.secret)
    found = questions.readers(estate, graph_of(estate), secret)
    snapshots.print_table(
        found,
        arguments.format,
        title="Who can read {}",
        about=estate.secrets[secret].name,
        mark=f"readers {estate.secrets[secret].arn}",
        nobody="nobody in the snapshot can read it",
    )
    snapshots.tell_problems(estate.problems())
    return EXIT_DONE
