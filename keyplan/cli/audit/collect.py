"""Collect the snapshot that every question of the audit is asked of, with your own AWS credentials.

  keyplan audit collect --out accounts.json
  keyplan audit collect --out accounts.json --region eu-west-1 --region us-east-1
  keyplan audit collect --out accounts.json --role arn:aws:iam::444455556666:role/prod-keyplan-auditor
  keyplan audit collect --out accounts.json --role arn:aws:iam::444455556666:role/auditor --external-id ab12
  keyplan audit collect --out accounts.json --resume

Asks IAM for principals and policies, Secrets Manager for secrets and their policies, KMS for the keys behind
them, and Organizations for SCPs and RCPs. A value is never asked for: the auditor's role of an environment is
enough. Nothing is changed in AWS.

The environment's manifest says which account and region; --region names other regions in its place. Without
a manifest it is the account of your credentials. --role is assumed in its account, which is then collected,
too; a role of your own account is used in place of your credentials. AWS_PROFILE says whose credentials
those are, with the MFA that its profile asks for.

What you may not ask, and a region or account that gives no answer, is listed in the snapshot, and makes
verdicts unknown, never deny. A second run collects anew and replaces the snapshot. What was answered is kept
beside it until it is complete: after Ctrl-C, or when the machine went down, --resume asks only for the rest.

Exit code: 0 collected, with or without gaps, which are said; 2 no such manifest, region or folder; 3 no
credentials, or AWS cannot be reached at all; 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from keyplan.cli.arguments import add_environment, trusted_hosts
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse

GAPS_SHOWN_MAX = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit collect`."""
    parser.add_argument("--out", metavar="FILE", required=True, help="the snapshot; `-` is standard output")
    parser.add_argument(
        "--region",
        metavar="REGION",
        action="append",
        default=[],
        help="look for secrets here; again for each further region (default: the manifest's, else yours)",
    )
    parser.add_argument(
        "--all-regions", action="store_true", help="look in every region that an account has enabled"
    )
    parser.add_argument(
        "--role",
        metavar="ARN",
        action="append",
        default=[],
        help="assume this role and collect its account, too; again for each further account",
    )
    parser.add_argument(
        "--external-id",
        metavar="ID",
        action="append",
        default=[],
        help="what the trust of a --role asks for: one for all roles, or one for each in the same order",
    )
    parser.add_argument(
        "--resume", action="store_true", help="ask only for what a run that was cut off had not got yet"
    )
    parser.add_argument(
        "--oidc-probes", metavar="FILE", help="tokens to be held against trusts: a list for `oidc_probes`"
    )
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, write the snapshot, and say what it lacks."""
    from keyplan.collecting import command

    request = command.Request(
        out=arguments.out,
        regions=tuple(arguments.region),
        every_region=arguments.all_regions,
        roles=tuple(arguments.role),
        external_ids=tuple(arguments.external_id),
        resume=arguments.resume,
        probes=arguments.oidc_probes,
        manifest=arguments.manifest,
        stack=arguments.stack,
        trusted_hosts=trusted_hosts(arguments),
        timeout_seconds=arguments.timeout,
    )
    stream = sys.stderr if sys.stderr.isatty() and not arguments.verbose else None
    done = command.run(request, report=reporter(arguments.verbose), say=say, stream=stream)
    for gap in done.gaps[:GAPS_SHOWN_MAX]:
        say(f"warning: {gap}")
    if len(done.gaps) > GAPS_SHOWN_MAX:
        say(f"warning: and {len(done.gaps) - GAPS_SHOWN_MAX} more; `missing` in the snapshot has them all")
    for hint in done.hints:
        say(f"hint: {hint}")
    if done.document is not None:
        sys.stdout.write(done.document)
    else:
        result(done.summary)
    return EXIT_DONE
