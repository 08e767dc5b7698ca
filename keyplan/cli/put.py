"""Store a value for a key: a new version, which readers get from now on.

  keyplan put anthropic                          asks for the value, and does not show it
  printf %s "$KEY" | keyplan put anthropic       takes it from standard input

The value is never an argument. It is checked against the vendor's form and stored as JSON, with the key's
variable as the field: {"ANTHROPIC_API_KEY": "…"}. The version that was current stays as AWSPREVIOUS; programs
that still use it go on working until you revoke it at the vendor. Storing the value that is already current
is refused; any other second run stores another version. Of two people who put at the same time the last one
wins.

  $ printf %s "$ADMIN_KEY" | keyplan put anthropic
  error: this is an Admin API key: it manages the organization and cannot call models

--dry-run checks the value and that the secret is there, and stores nothing.

Exit code: 0 stored, 2 the value or the arguments are wrong, 3 the store refused or gave no answer.
"""

from __future__ import annotations

import json
import re
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from keyplan.cli.arguments import Parser, add_environment, trusted_hosts
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE, Interrupted, UsageError, ValueRejected
from keyplan.intake import INPUT_LIMIT_BYTES, from_input, from_prompt
from keyplan.manifest import Manifest
from keyplan.manifest_sources import load
from keyplan.storing import Stored, prepare, put
from keyplan.terminal import hidden_line, is_at_terminal
from keyplan.vendors import vendor_named

if TYPE_CHECKING:
    import argparse

    from keyplan.manifest import ManifestKey
    from keyplan.stores.aws_errors import Place

FORMAT = "keyplan-put/1"
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
        return _run(arguments)
    except KeyboardInterrupt:
        raise Interrupted("\ninterrupted; nothing was stored") from None


def _run(arguments: argparse.Namespace) -> int:
    refuse_value_as_name(arguments.key)
    report = reporter(arguments.verbose)
    manifest = Manifest.from_document(load(arguments.manifest, arguments.stack, report=report))
    key = key_named(manifest, arguments.key)
    vendor = vendor_named(key.vendor)

    from keyplan.stores.aws import AwsStore

    store = AwsStore(manifest, trusted_hosts(arguments), arguments.timeout, report)
    if is_at_terminal():
        # Whoever is asked for a key that is shown once should not hear afterwards that it can't be stored.
        ready = prepare(store, manifest, key)
        value = from_prompt(
            hidden_line(f"value of {key.name} for environment {manifest.environment}, not shown: ")
        )
        vendor.check(value.reveal(), key.value_format)
    else:
        value = from_input(_standard_input())
        vendor.check(value.reveal(), key.value_format)
        ready = prepare(store, manifest, key)
    stored = put(store, key, value, ready, dry_run=arguments.dry_run, say=say)
    as_json = arguments.format == "json"
    document = as_document(stored, manifest, key, store.place)
    result(json.dumps(document, indent=2) if as_json else as_text(document, manifest, store.place))
    return EXIT_DONE


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


def as_document(stored: Stored, manifest: Manifest, key: ManifestKey, place: Place) -> dict[str, Any]:
    """What `--format json` prints (docs/commands.md)."""
    return {
        "format": FORMAT,
        "environment": manifest.environment,
        "key": key.name,
        "secret": key.on_aws().name,
        "versionId": stored.version_id,
        "fingerprint": stored.fingerprint,
        "storedBy": stored.stored_by,
        "previousVersionId": stored.previous_version_id,
        "accountId": manifest.on_aws().account_id,
        "region": manifest.on_aws().region,
        "endpoint": place.endpoint_url,
        "readers": list(manifest.readers_of(key.name)),
        "dryRun": stored.version_id is None,
    }


def as_text(document: dict[str, Any], manifest: Manifest, place: Place) -> str:
    """The same for a person."""
    done = "checked, and did not store," if document["dryRun"] else "stored"
    readers = [f"{name} ({manifest.consumers[name].runtime})" for name in document["readers"]]
    rows = {
        "secret": document["secret"],
        "version": document["versionId"] or "none: a dry run",
        "fingerprint": document["fingerprint"] or "none: the value is too short for one",
        "account": f"{document['accountId']}, {place.host}",
        "stored by": document["storedBy"],
        "previous": document["previousVersionId"] or "none: this is the first value",
        "read by": ", ".join(readers) or "no consumer of the catalogue",
    }
    lines = [f"{done} a value for key {document['key']} of environment {document['environment']}"]
    lines += [f"  {name:<12} {text}" for name, text in rows.items()]
    if (
        any(manifest.consumers[name].runtime == "ecs" for name in document["readers"])
        and not document["dryRun"]
    ):
        lines.append("  ECS tasks read when they start: redeploy them to use the new value")
    return "\n".join(lines)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise ValueRejected("there is no value: standard input is closed", "give the value on standard input")
    # One byte beyond the limit and a line end tells that there is more; the rest need not be read.
    content: bytes = sys.stdin.buffer.read(INPUT_LIMIT_BYTES + 3)
    return content
