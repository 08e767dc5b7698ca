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
  revoked           the value was shut because it had leaked: keyplan rotate KEY
  pending deletion  the secret is deleted, and can be restored (AWS)
  denied            your identity in the cloud may not see it
  unknown           the store gave no usable answer

A rotation that was begun and waits to be gone on with is named below.

--usage also asks Anthropic's Admin API for the organization's keys and what each was used for in the last 30
days: a key that nobody uses, that is not active at the vendor or unknown there, that ends there before it is
due, that is used in another workspace than the catalogue's; one that was retired or revoked and still works;
one that is active, named as this environment's, and no key of it. That takes an admin key:
ANTHROPIC_ADMIN_API_KEY, or a stored key of vendor anthropic-admin that you may read.

Exit code: 0 when every key could be looked at; 3 when one could not, or the vendor refused; with --check also
1 when a key is overdue, missing, pending deletion, without a value that readers get, or has different ones,
or when --usage found something; 2 for --usage without an admin key.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from keyplan.cli.arguments import add_environment, trusted_hosts
from keyplan.cli.output import reporter, result
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_REFUSED, UsageError
from keyplan.manifest.model import Manifest
from keyplan.manifest.sources import load
from keyplan.overview.forms import render, table
from keyplan.overview.rows import look

if TYPE_CHECKING:
    import argparse

    from keyplan.manifest.document import ManifestDocument
    from keyplan.overview.rows import Row
    from keyplan.overview.usage import UsageReport
    from keyplan.vendors.organization import Organization


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan status`."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit with 1 when a key is overdue, missing, without a value or not the same in both clouds",
    )
    parser.add_argument(
        "--usage", action="store_true", help="also show what the vendor knows of the keys, and what is odd"
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="how to print (default: table)"
    )
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look at every key, print, and return the exit code."""
    from keyplan.overview import usage_forms
    from keyplan.stores.opening import open_stores

    report = reporter(arguments.verbose)
    document = load(arguments.manifest, arguments.stack, report=report, stdin_allowed=True)
    manifest = Manifest.from_document(document)
    stores = open_stores(manifest, trusted_hosts(arguments), arguments.timeout, report)
    now = datetime.now(UTC)
    # Asked for first: whoever wants both should not wait for half of it.
    organization = _organization(arguments, manifest, document) if arguments.usage else None
    rows = look(stores, manifest, now)
    found = None if organization is None else _usage(organization, manifest, rows, now)
    if arguments.format == "json":
        shown = {} if found is None else {"usage": usage_forms.as_document(*found)}
        result(json.dumps({**render(manifest, rows, now), **shown}, indent=2))
    else:
        result(table(manifest, rows, [store.place for store in stores], _width()))
        if found is not None:
            result(f"\n{usage_forms.as_text(manifest, *found)}")
    is_odd = found is not None and bool(found[0].findings)
    return exit_code(rows, check=arguments.check, is_odd=is_odd)


def _organization(
    arguments: argparse.Namespace, manifest: Manifest, document: ManifestDocument
) -> Organization:
    from keyplan.cli.admin_key import WAYS_TO_ONE, open_organization

    found = open_organization(arguments, manifest, document, reporter(arguments.verbose))
    if found is None:
        raise UsageError(
            "--usage asks the vendor's Admin API, and there is no admin key for you", WAYS_TO_ONE
        )
    return found


def _usage(
    organization: Organization, manifest: Manifest, rows: list[Row], now: datetime
) -> tuple[UsageReport, tuple[str, str]]:
    """The join, and the organization's id and name."""
    from keyplan.overview.usage import IDLE_DAYS, join

    used = organization.usage(now - timedelta(days=IDLE_DAYS), now, "1d")
    return join(manifest, rows, organization.keys(), used, now), organization.describe()


def exit_code(rows: list[Row], *, check: bool, is_odd: bool = False) -> int:
    """3 outranks 1: a status that is not complete is not to be taken for one that found everything."""
    if any(row.state.is_not_read for row in rows):
        return EXIT_REFUSED
    if check and (is_odd or any(row.state.is_finding for row in rows)):
        return EXIT_FINDINGS
    return EXIT_DONE


def _width() -> int | None:
    """The terminal's width; None where the output is read by something else, which may take long lines."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
