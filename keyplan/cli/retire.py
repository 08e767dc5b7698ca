"""Deactivate at the vendor what readers got before the last rotation, once that is safe.

  keyplan retire anthropic            this key's old values
  keyplan retire --due                those of every key whose grace is over, for a nightly job
  keyplan retire anthropic --dry-run  only say what the rule says

An old value is retired when readers everywhere get one and the same newer value, and either the key's grace
is over or the vendor's usage report shows the new value in use and the old one not for a whole hour. When the
grace is over and something still uses the old value, nothing is done and a person is told. A value that the
readers of any key get is never touched. What is retired is shut in the stores too: nobody is sent to it.

The vendor's Admin API does the deactivating. It takes an admin key: ANTHROPIC_ADMIN_API_KEY, or a stored key
of vendor anthropic-admin that you may read. Without one, or at another vendor, the steps for the console are
printed; --done-by-hand then writes down that a person did it. In the console a deactivated key can be
activated again. A second run does nothing more.

Exit code: 0 done, or nothing to do; 1 somebody has to act (a value still in use, not safe to retire, or by
hand), or KEY may not be retired yet; 2 the arguments are wrong; 3 a store or the vendor refused or gave no
answer.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keyplan.cli.admin_key import open_organization
from keyplan.cli.arguments import Parser, trusted_hosts
from keyplan.cli.one_key import add_the_rest, key_named, refuse_value_as_name, value_as_argument
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_REFUSED, UsageError
from keyplan.manifest.model import Manifest
from keyplan.manifest.sources import load
from keyplan.retiring.forms import as_document, as_text
from keyplan.retiring.rule import May
from keyplan.retiring.steps import Options, retire

if TYPE_CHECKING:
    import argparse

    from keyplan.retiring.steps import Retired


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan retire`."""
    if isinstance(parser, Parser):
        parser.not_understood = value_as_argument("retire")
    parser.add_argument("key", metavar="KEY", nargs="?", help="the key's name in the catalogue")
    parser.add_argument("--due", action="store_true", help="every key whose grace is over, instead of one")
    parser.add_argument(
        "--despite-use",
        action="store_true",
        help="retire it although the usage report shows it in use after the grace",
    )
    parser.add_argument(
        "--done-by-hand",
        action="store_true",
        help="you deactivated KEY's old values in the vendor's console: shut them in the stores too",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    add_the_rest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Retire, print, and return the exit code."""
    if (arguments.key is None) is not arguments.due:
        raise UsageError("either a key's name or --due is needed, and not both", "keyplan retire --help")
    if arguments.due and arguments.done_by_hand:
        raise UsageError("--done-by-hand is about one key: name it")
    if arguments.key is not None:
        refuse_value_as_name(arguments.key, "retire")
    report = reporter(arguments.verbose)
    document = load(arguments.manifest, arguments.stack, report=report, stdin_allowed=True)
    manifest = Manifest.from_document(document)
    keys = list(manifest.keys.values()) if arguments.due else [key_named(manifest, arguments.key, "retire")]

    from keyplan.stores.opening import open_stores

    stores = open_stores(manifest, trusted_hosts(arguments), arguments.timeout, report, say)
    if not arguments.dry_run:
        for store in stores:
            store.caller()  # in somebody else's account nothing is done
    organization = open_organization(arguments, manifest, document, report)
    now = datetime.now(UTC)
    options = Options(arguments.despite_use, arguments.done_by_hand, arguments.dry_run)
    retired = retire(stores, manifest, keys, now, organization, options)
    if arguments.due:
        retired = [each for each in retired if not _is_quiet(each)]
    if arguments.format == "json":
        result(json.dumps(as_document(manifest, retired, dry_run=arguments.dry_run), indent=2))
    else:
        result(as_text(manifest, retired, dry_run=arguments.dry_run))
    return exit_code(retired, due=arguments.due)


def _is_quiet(one: Retired) -> bool:
    """Whether a nightly job has nothing to say about it."""
    return one.error is None and one.ruling is not None and one.ruling.may in (May.NOTHING, May.WAIT)


def exit_code(retired: list[Retired], *, due: bool) -> int:
    """3 outranks 1: what a store did not do is tried again, whatever a person has to do beside it."""
    if any(one.is_refused for one in retired):
        return EXIT_REFUSED
    if any(one.is_for_a_person for one in retired):
        return EXIT_FINDINGS
    waits = any(one.ruling is not None and one.ruling.may is May.WAIT and not one.endings for one in retired)
    return EXIT_FINDINGS if waits and not due else EXIT_DONE
