"""Prove one verdict: the requests on the way, and every statement that allows or denies them.

  keyplan audit path prod-chat-api-reader prod/anthropic-api-key --snapshot accounts.json

The requests are those that the principal would make, one after the other: sts:AssumeRole for each step of the
chain, secretsmanager:GetSecretValue, and kms:Decrypt with the secret's key.

Exit code: 0 answered, whatever the verdict; 2 no such secret, principal or snapshot.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.cli.output import result
from keyplan.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit path`."""
    parser.add_argument("principal", metavar="PRINCIPAL", help="the user or role: its name or its ARN")
    parser.add_argument("secret", metavar="SECRET", help="the secret: its name or its ARN")
    snapshots.add_snapshot(parser)
    snapshots.add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Look both names up, weigh, and print the proof."""
    from keyplan.audit import questions
    from keyplan.audit.matrix import graph_of
    from keyplan.audit.reports import answers, text

    estate = snapshots.estate_of(arguments.snapshot)
    with snapshots.before_refusing(estate):
        principal = questions.principal_named(estate, arguments.principal)
        secret = questions.secret_named(estate, arguments.secret)
    verdict, steps = questions.path(estate, graph_of(estate), principal, secret)
    if arguments.format == "json":
        result(json.dumps(answers.proof(verdict, steps), indent=2))
    else:
        snapshots.print_lines(text.proof(verdict, steps))
    snapshots.tell_problems(estate.problems())
    return EXIT_DONE
