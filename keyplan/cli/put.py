"""Store a value for a key: a new version, which readers get from now on.

  keyplan put anthropic                          asks for the value, and does not show it
  printf %s "$KEY" | keyplan put anthropic       takes it from standard input

The value is never an argument. It is checked against the vendor's form and stored: on AWS as JSON, with the
key's variable as the field: {"ANTHROPIC_API_KEY": "…"}, on Google Cloud as it is. The version that was
current stays as AWSPREVIOUS and `previous`; programs that still use it go on working until you revoke it at
the vendor. Storing the value that is already current is refused; any other second run stores another version.
Of two people who put at the same time on AWS the last one wins, on Google Cloud the first.

With two clouds the value is stored in both, or no reader gets another one: where one store refuses, what the
other one did is taken back, and the error says what readers get where. A second run with the same value goes
on where the first one stopped.

  $ printf %s "$ADMIN_KEY" | keyplan put anthropic
  error: this is an Admin API key: it manages the organization and cannot call models

--dry-run checks the value and that the secret is there, and stores nothing.

Exit code: 0 stored, 2 the value or the arguments are wrong, 3 a store refused or gave no answer, 4 somebody
else changed the secret at the same time (Google Cloud), 130 Ctrl-C.
"""

from __future__ import annotations

import json
import re
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

from keyplan.cli.arguments import Parser, add_environment, trusted_hosts
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE, Interrupted, UsageError, ValueRejected
from keyplan.intake import INPUT_LIMIT_BYTES, from_input, from_prompt
from keyplan.manifest import Manifest
from keyplan.manifest_sources import load
from keyplan.storing import Ready, prepare, put
from keyplan.storing_forms import as_document, as_text
from keyplan.terminal import hidden_line, is_at_terminal
from keyplan.vendors import vendor_named

if TYPE_CHECKING:
    import argparse

    from keyplan.manifest import ManifestKey
    from keyplan.secret_value import SecretValue

VALUE_AS_ARGUMENT = UsageError(
    "`keyplan put` takes one argument, the key's name; a value is never an argument; nothing was stored",
    "if what you typed was a value: it is in your shell's history now and was visible in the list of "
    "processes; treat that key as leaked, revoke it at the vendor and make a new one",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan put`."""
    if isinstance(parser, Parser):
        parser.not_understood = VALUE_AS_ARGUMENT
    parser.add_argument("key", metavar="KEY", help="the key's name in the catalogue, as in `anthropic`")
    parser.add_argument("--dry-run", action="store_true", help="check everything and store nothing")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print the result (default: text)"
    )
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Take the value, store it, and say what was done."""
    try:
        manifest, key, ready, value = _prepared(arguments)
    except KeyboardInterrupt:
        raise Interrupted("\ninterrupted; nothing was stored") from None
    stored = put(ready, key, value, dry_run=arguments.dry_run)
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
        value = from_input(_standard_input())
        vendor.check(value.reveal(), key.value_format)
        ready = prepare(stores, key)
    return manifest, key, ready, value


def refuse_value_as_name(text: str) -> None:
    """Raise UsageError when what stands in the key's place looks like a value, or like NAME=value."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", text) is None or text.startswith("sk-"):
        raise VALUE_AS_ARGUMENT


def key_named(manifest: Manifest, name: str) -> ManifestKey:
    """The key of that name. What was typed is not repeated: it may be a value."""
    if name in manifest.keys:
        return manifest.keys[name]
    near = get_close_matches(name, manifest.keys, n=1)
    known = ", ".join(manifest.keys) or "no keys"
    raise UsageError(
        f"there is no such key in environment {manifest.environment}; it has {known}",
        f"keyplan put {near[0]}" if near else None,
    )


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise ValueRejected("there is no value: standard input is closed", "give the value on standard input")
    # One byte beyond the limit and a line end tells that there is more; the rest need not be read.
    content: bytes = sys.stdin.buffer.read(INPUT_LIMIT_BYTES + 3)
    return content
