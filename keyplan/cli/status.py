"""Show for each key whether a value is there, how old it is, when it is due, who stored it and who reads it.

Needs permission to see metadata only, never to read a value, and changes nothing: run it as often as you
like. Keys that cannot be looked at are shown as such, and do not hide the others.

With two clouds each key has a line for each, and the readers there; a key whose clouds hold different values
is named (told by their fingerprints, never by the values).

  ok                less old than the catalogue's rotateEvery
  due soon          within remindBefore of the date on which it is due
  overdue           past that date
  differs           ok or due soon, and the readers of the other cloud get another value
  no value          readers get none: keyplan put KEY
  disabled          the version that readers are sent to is disabled (Google Cloud)
  destroyed         the version that readers are sent to is destroyed (Google Cloud)
  missing           the secret itself is not there: pulumi up
  pending deletion  the secret is deleted, and can be restored (AWS)
  denied            your identity in the cloud may not see it
  unknown           the store gave no usable answer

Exit code: 0 when every key could be looked at; 3 when one could not; with --check also 1 when a key is
overdue, missing, pending deletion, without a value that readers get, or has different ones.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keyplan.cli.arguments import add_environment, trusted_hosts
from keyplan.cli.output import reporter, result
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_REFUSED
from keyplan.manifest import Manifest
from keyplan.manifest_sources import load
from keyplan.overview import look
from keyplan.overview_forms import render, table

if TYPE_CHECKING:
    import argparse

    from keyplan.overview import Row


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan status`."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit with 1 when a key is overdue, missing, without a value or not the same in both clouds",
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="how to print (default: table)"
    )
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look at every key, print, and return the exit code."""
    from keyplan.stores.opening import open_stores

    report = reporter(arguments.verbose)
    document = load(arguments.manifest, arguments.stack, report=report, stdin_allowed=True)
    manifest = Manifest.from_document(document)
    stores = open_stores(manifest, trusted_hosts(arguments), arguments.timeout, report)
    now = datetime.now(UTC)
    rows = look(stores, manifest, now)
    if arguments.format == "json":
        result(json.dumps(render(manifest, rows, now), indent=2))
    else:
        result(table(manifest, rows, [store.place for store in stores], _width()))
    return exit_code(rows, check=arguments.check)


def exit_code(rows: list[Row], *, check: bool) -> int:
    """3 outranks 1: a status that is not complete is not to be taken for one that found everything."""
    if any(row.state.is_not_read for row in rows):
        return EXIT_REFUSED
    if check and any(row.state.is_finding for row in rows):
        return EXIT_FINDINGS
    return EXIT_DONE


def _width() -> int | None:
    """The terminal's width; None where the output is read by something else, which may take long lines."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
