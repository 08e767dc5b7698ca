"""Say who could change the answer: who can give itself, or others, access to a secret.

  keyplan audit changers --snapshot accounts.json
  keyplan audit changers prod/anthropic-api-key --snapshot accounts.json --format json

These are not readers: they could put a policy of the secret or of its key, make a grant, change policies, a
role's trust or somebody's login, or pass a role to a service, and read then. Text has who shares a way and
its secrets together; JSON and CSV have a row for each principal, secret and way. docs/audit-changers.md
explains the ways.

Exit code: 0 answered; 2 no such secret or snapshot.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.cli.output import result
from keyplan.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse

FORMATS = ("text", "json", "csv")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit changers`."""
    parser.add_argument(
        "secret", metavar="SECRET", nargs="?", help="one secret: its name or its ARN (default: all)"
    )
    snapshots.add_snapshot(parser)
    snapshots.add_format(parser, *FORMATS)


def run(arguments: argparse.Namespace) -> int:
    """Look the name up first: a wrong one need not wait until everything is weighed."""
    from keyplan.audit import questions
    from keyplan.audit.changers import changers
    from keyplan.audit.changers.groups import groups
    from keyplan.audit.matrix import graph_of
    from keyplan.audit.reports import changers as reports

    estate = snapshots.estate_of(arguments.snapshot)
    with snapshots.before_refusing(estate):
        asked = None if arguments.secret is None else questions.secret_named(estate, arguments.secret)
    graph = graph_of(estate)
    if arguments.format == "text":
        within, secrets = (-1, len(estate.secrets)) if asked is None else (1 << asked, 1)
        told = list(reports.text(groups(estate, graph, within), secrets)) or [_nobody(asked)]
        snapshots.print_lines(told)
    else:
        only = None if asked is None else estate.secrets[asked].arn
        found = (row for row in changers(estate, graph) if only in (None, row.secret))
        if arguments.format == "csv":
            snapshots.in_utf8().writelines(reports.comma(found))
        else:
            result(json.dumps([reports.answer(row) for row in found], indent=2))
    snapshots.tell_problems(estate.problems())
    return EXIT_DONE


def _nobody(asked: int | None) -> str:
    what = "a secret" if asked is None else "it"
    return f"nobody in the snapshot can give themselves or others access to {what}"
