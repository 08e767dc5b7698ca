"""Store a value for a key: a new version, which readers get from now on.

  keyplan put anthropic                          asks for the value, and does not show it
  printf %s "$KEY" | keyplan put anthropic       takes it from standard input

The value is never an argument. It is checked against the vendor's form and stored: on AWS as JSON, with the
key's variable as the field: {"ANTHROPIC_API_KEY": "…"}, on Google Cloud as it is. The version that was
current stays as AWSPREVIOUS and `previous`; programs that still use it go on working until you revoke it at
the vendor. Storing the value that is already current is refused; any other second run stores another version.
Of two people who put at the same time one wins, and the other one is told.

The value is stored first, as a version that no reader gets, and then promoted. With two clouds it is stored
in both, or no reader gets another one: where one store refuses, what the other one did is taken back, and the
error says what readers get where. A second run with the same value goes on where the first one stopped;
another value is refused while a rotation is under way.

`put` does not ask the vendor whether the value is alive; `keyplan rotate` does, and says what comes after.

  $ printf %s "$ADMIN_KEY" | keyplan put anthropic
  error: this is an Admin API key: it manages the organization and cannot call models

--dry-run checks the value and that the secret is there, and stores nothing.

Exit code: 0 stored, 2 the value or the arguments are wrong, 3 a store refused or gave no answer, 4 somebody
else changed the secret at the same time or rotates the key, 130 Ctrl-C.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.cli.arguments import trusted_hosts
from keyplan.cli.one_key import add_key, add_the_rest, key_named, refuse_value_as_name
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE, Interrupted
from keyplan.intake import from_input, from_prompt
from keyplan.manifest.model import Manifest
from keyplan.manifest.sources import load
from keyplan.storing.forms import as_document, as_text
from keyplan.storing.steps import Ready, prepare, put
from keyplan.terminal import hidden_line, is_at_terminal, standard_input
from keyplan.vendors import vendor_named

if TYPE_CHECKING:
    import argparse

    from keyplan.manifest.model import ManifestKey
    from keyplan.secret_value import SecretValue


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan put`."""
    add_key(parser, "put")
    parser.add_argument("--dry-run", action="store_true", help="check everything and store nothing")
    add_the_rest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Take the value, store it, and say what was done."""
    try:
        manifest, key, ready, value = _prepared(arguments)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was stored", at_prompt=True) from None
    hint = vendor_named(key.vendor).hint(value.reveal())
    stored = put(ready, key, value, hint=hint, dry_run=arguments.dry_run)
    document = as_document(stored, manifest, key, dry_run=arguments.dry_run)
    as_json = arguments.format == "json"
    result(json.dumps(document, indent=2) if as_json else as_text(document, stored, manifest))
    return EXIT_DONE


def _prepared(arguments: argparse.Namespace) -> tuple[Manifest, ManifestKey, list[Ready], SecretValue]:
    """Everything before anything is stored."""
    refuse_value_as_name(arguments.key)
    report = reporter(arguments.verbose)
    manifest = Manifest.from_document(load(arguments.manifest, arguments.stack, report=report))
    key = key_named(manifest, arguments.key)
    vendor = vendor_named(key.vendor)

    from keyplan.stores.opening import open_stores

    stores = open_stores(manifest, trusted_hosts(arguments), arguments.timeout, report, say)
    if is_at_terminal():
        # Whoever is asked for a key that is shown once should not hear afterwards that it can't be stored.
        ready = prepare(stores, key)
        value = from_prompt(
            hidden_line(f"value of {key.name} for environment {manifest.environment}, not shown: ")
        )
        vendor.check(value.reveal(), key.value_format)
    else:
        value = from_input(standard_input())
        vendor.check(value.reveal(), key.value_format)
        ready = prepare(stores, key)
    return manifest, key, ready, value


__all__ = ["configure", "key_named", "refuse_value_as_name", "run"]
