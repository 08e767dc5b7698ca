"""Say which secrets a principal can read, directly or through chains of roles.

  keyplan audit keys prod-chat-api-reader --snapshot accounts.json
  keyplan audit keys prod-chat-api-reader --snapshot accounts.json --format json

Each secret has the best access, with a shortest chain of sts:AssumeRole that leads to it. The best
verdict comes first.

Exit code: 0 answered; 2 no such principal or snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.cli.audit import one_name

if TYPE_CHECKING:
    import argparse

    from keyplan.audit.estate import Estate


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit keys`."""
    one_name.configure(parser, "PRINCIPAL", "the user or role: its name or its ARN")


def run(arguments: argparse.Namespace) -> int:
    """Every secret that the principal can read."""
    from keyplan.audit import questions

    return one_name.answer(
        arguments,
        one_name.Question(
            "keys",
            questions.principal_named,
            questions.keys,
            _shown,
            title="What {} can read",
            nobody="it can read no secret of the snapshot",
        ),
    )


def _shown(estate: Estate, principal: int) -> tuple[str, str]:
    from keyplan.audit.reports.names import short

    return short(estate.callers[principal].arn), estate.callers[principal].arn
