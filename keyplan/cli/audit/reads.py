"""Say who did read a key, from the clouds' own audit logs: the other half of who can.

  keyplan audit reads anthropic
  keyplan audit reads anthropic --days 7 --format json

CloudTrail's event history (AWS, 90 days, cloudtrail:LookupEvents: the auditor's role has it) and the Data
Access log (Google Cloud, 30 days, roles/logging.privateLogViewer) are asked; no value is read. Each principal
is matched with the catalogue's consumers. What a log may lack is said: a copy of the secret in another region
is read there, and CloudTrail is up to 15 minutes late.

Exit code: 0 only consumers of the catalogue read it, or nobody; 1 somebody else did, or tried to; 2 the
arguments are wrong; 3 a log gave no answer, and what the others say is shown.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from keyplan.cli.arguments import add_environment, trusted_hosts
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_REFUSED, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.reads import ReadReport

DAYS = 30
DAYS_MAX = 3650


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit reads`."""
    parser.add_argument("key", metavar="KEY", help="the key: its name in the catalogue, or its secret's")
    parser.add_argument(
        "--days", metavar="N", type=int, default=DAYS, help=f"how far to look back (default: {DAYS})"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask each cloud of the key, and print what its log says."""
    from datetime import UTC, datetime, timedelta

    from keyplan.errors import KeyplanError
    from keyplan.manifest.model import Manifest
    from keyplan.manifest.sources import load
    from keyplan.reads import who_read

    if not 1 <= arguments.days <= DAYS_MAX:
        raise UsageError(f"--days is a number from 1 to {DAYS_MAX}")
    report = reporter(arguments.verbose)
    manifest = Manifest.from_document(load(arguments.manifest, arguments.stack, report=report))
    key = _key(manifest, arguments.key)
    now = datetime.now(UTC)
    since = now - timedelta(days=arguments.days)
    answers: list[ReadReport] = []
    failed = False
    for cloud in [name for name, place in (("aws", key.aws), ("gcp", key.gcp)) if place is not None]:
        answer = who_read(
            manifest, key, cloud, since, now, trusted_hosts=trusted_hosts(arguments),
            timeout_seconds=arguments.timeout, report=report,
        )  # fmt: skip
        if isinstance(answer, KeyplanError):
            say(f"{cloud}: {answer}" + (f"\nhint: {answer.hint}" if answer.hint else ""))
            failed = True
        else:
            answers.append(answer)
    if arguments.format == "json":
        result(json.dumps([answer.to_json() for answer in answers], indent=2))
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(answers))
    if failed:
        return EXIT_REFUSED
    strange = any(not reader.consumers for answer in answers for reader in answer.readers)
    return EXIT_FINDINGS if strange else EXIT_DONE


def _key(manifest: Manifest, name: str) -> ManifestKey:
    """The key of that name, or that is stored under it. What was typed is not repeated."""
    from keyplan.cli.one_key import key_named

    for key in manifest.keys.values():
        if name in {place.name for place in (key.aws, key.gcp) if place is not None}:
            return key
    return key_named(manifest, name, "audit reads")


def _lines(answers: list[ReadReport]) -> Iterator[str]:
    from keyplan.audit.reports.names import visible
    from keyplan.revoking.forms import reads_text

    for number, answer in enumerate(answers):
        if number:
            yield ""
        yield from map(visible, reads_text(answer.to_json()))
