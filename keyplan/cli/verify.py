"""Ask each vendor whether the stored values are alive, and compare what the stores hold.

  keyplan verify                 every key of the environment
  keyplan verify anthropic       one key

Reads every value that you may read: the one that readers get and the one that a rotation is about to
promote, in every cloud. The vendor is asked once about each distinct value, by a request that costs no
tokens (GET /v1/models; a gateway's under its base URL; a generic key's checkUrl). Changes nothing: run it as
often as you like. No value is printed.

  alive        the vendor takes it, and it belongs to the organization and workspace of the catalogue
  limited      alive, and a limit of spending, billing or speed is reached
  dead         the vendor does not know it, or no longer
  forbidden    the vendor knows it and refuses it everything
  elsewhere    alive, of another organization or workspace than the catalogue's
  unknown      no answer that means anything, from the vendor or the store
  not asked    there is nobody to ask: a generic key without checkUrl
  denied       your identity in the cloud may not read it, so nothing is known of it
  no value, revoked, missing, pending deletion, disabled, destroyed: there is nothing to ask about

Exit code: 0 every value that you may read is alive; 1 something was found that somebody has to act on: a
dead, forbidden or misplaced value, none at all, clouds or copies that differ; 3 nothing could be read, or a
vendor or a store gave no answer.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keyplan.cli.arguments import Parser, add_environment, trusted_hosts
from keyplan.cli.one_key import key_named, refuse_value_as_name, value_as_argument
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_REFUSED
from keyplan.manifest.model import Manifest
from keyplan.manifest.sources import load
from keyplan.verifying.asking import verify
from keyplan.verifying.forms import render, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from keyplan.stores.opening import Reader
    from keyplan.verifying.asking import Row


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan verify`."""
    if isinstance(parser, Parser):
        parser.not_understood = value_as_argument("verify")
    parser.add_argument("keys", metavar="KEY", nargs="*", help="the keys' names (default: all)")
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="how to print (default: table)"
    )
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, ask, print, and return the exit code."""
    from keyplan.stores.opening import open_reader, open_stores
    from keyplan.vendors.road import VendorRoad

    for name in arguments.keys:
        refuse_value_as_name(name, "verify")
    report, hosts, timeout = reporter(arguments.verbose), trusted_hosts(arguments), arguments.timeout
    document = load(arguments.manifest, arguments.stack, report=report, stdin_allowed=True)
    manifest = Manifest.from_document(document)
    names = dict.fromkeys(arguments.keys or manifest.keys)
    keys = [key_named(manifest, name, "verify") for name in names]
    stores = open_stores(manifest, hosts, timeout, report, say)

    def reader_of(cloud: str) -> Reader:
        return open_reader(cloud, document, hosts, timeout, report)

    rows = verify(keys, stores, reader_of, VendorRoad(manifest, hosts, timeout, report))
    if arguments.format == "json":
        result(json.dumps(render(manifest, rows, datetime.now(UTC)), indent=2))
    else:
        result(table(manifest, rows, [store.place for store in stores]))
    return exit_code(rows)


def exit_code(rows: Sequence[Row]) -> int:
    """A finding outranks what stayed unknown: it is certain, and has to be acted on."""
    if any(row.is_finding for row in rows):
        return EXIT_FINDINGS
    if any(row.is_open for row in rows) or (rows and not any(row.was_read for row in rows)):
        return EXIT_REFUSED
    return EXIT_DONE
