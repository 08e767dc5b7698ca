"""Print everything that a snapshot says: who reads what, which tokens become which role, and who is let in
from outside.

  keyplan audit matrix --snapshot accounts.json
  keyplan audit matrix --snapshot accounts.json --format json

The JSON is the contract of docs/audit.md, "The result"; it is printed as it is found, so that a large account
is never whole in memory.

Exit code: 0 answered; 2 no such snapshot.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit matrix`."""
    snapshots.add_snapshot(parser)
    snapshots.add_format(parser, *snapshots.TABLE_FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Weigh everything, and print it."""
    from keyplan.audit.matrix import graph_of
    from keyplan.audit.questions import keys
    from keyplan.audit.reports import answers

    estate = snapshots.estate_of(arguments.snapshot)
    graph = graph_of(estate)
    if arguments.format == "json":
        sys.stdout.writelines(answers.matrix(estate, graph))
    else:
        rows = itertools.chain.from_iterable(
            keys(estate, graph, number) for number in range(len(estate.callers))
        )
        snapshots.print_table(
            rows,
            arguments.format,
            title="Who can read what",
            about="",
            mark="matrix",
            nobody="nobody in the snapshot can read anything",
        )
    snapshots.tell_problems(estate.problems())
    return EXIT_DONE
