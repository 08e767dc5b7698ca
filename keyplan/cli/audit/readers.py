"""Say who can read a secret, directly or through chains of roles.

  keyplan audit readers prod/anthropic-api-key --snapshot accounts.json
  keyplan audit readers prod/anthropic-api-key --snapshot accounts.json --format json

Each principal has its best access, with a shortest chain of sts:AssumeRole that leads to it. The best
verdict comes first.

Exit code: 0 answered; 2 no such secret or snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.cli.audit import one_name

if TYPE_CHECKING:
    import argparse

    from keyplan.audit.estate import Estate


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit readers`."""
    one_name.configure(parser, "SECRET", "the secret: its name or its ARN")


def run(arguments: argparse.Namespace) -> int:
    """Everybody who can read the secret."""
    from keyplan.audit import questions

    return one_name.answer(
        arguments,
        one_name.Question(
            "readers",
            questions.secret_named,
            questions.readers,
            _shown,
            title="Who can read {}",
            nobody="nobody in the snapshot can read it",
        ),
    )


def _shown(estate: Estate, secret: int) -> tuple[str, str]:
    return estate.secrets[secret].name, estate.secrets[secret].arn
