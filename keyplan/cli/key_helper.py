"""Print one key's value for Claude Code, which runs this command itself: its setting apiKeyHelper.

  keyplan key-helper --key anthropic                        that key
  keyplan key-helper                                        the one of the catalogue's claudeCode, or the only
                                                            one that Claude Code can use

`keyplan wire claude-code CONSUMER` prints the settings that name this command. Standard output gets the value
and a line end, and nothing else; what went wrong is told on standard error, and then no value is printed.
Nothing is kept on disk: each run reads the value that the store has at that moment. Claude Code runs it again
after five minutes (CLAUDE_CODE_API_KEY_HELPER_TTL_MS) or when it is answered 401, so a rotation reaches it
by itself.

Refused: a terminal as standard output, since the value would be seen; an Admin API key or another vendor's;
a key that would be sent to somebody else, because ANTHROPIC_BASE_URL is set to another address than its own.

Exit code: 0 the value was printed; 2 wrong use, or refused; 3 it could not be read.
"""

from __future__ import annotations

import os
import sys

from keyplan.claude_code import require_right_address, usable
from keyplan.cli.arguments import add_environment, trusted_hosts
from keyplan.cli.output import reporter, result
from keyplan.cli.sources import add_source, reader_of
from keyplan.environ import ANTHROPIC_BASE_URL
from keyplan.errors import EXIT_DONE, UsageError
from keyplan.manifest.sources import load
from keyplan.manifest.vendor_rules import held

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from keyplan.manifest.document import ManifestDocument
    from keyplan.secret_value import SecretValue


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan key-helper`."""
    parser.add_argument("--key", metavar="KEY", help="the key's name in the catalogue (default: as above)")
    parser.add_argument(
        "--cloud", choices=("aws", "gcp"), help="read it there (default: the environment's first cloud)"
    )
    add_source(parser)
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the key and print its value."""
    if sys.stdout.isatty():
        raise UsageError(
            "standard output is a terminal: the value would stand on the screen, and nothing was read",
            "Claude Code runs this command itself; to give a key to a program: keyplan exec -- PROGRAM",
        )
    report = reporter(arguments.verbose)
    document = load(arguments.manifest, arguments.stack, report=report)
    name = chosen(document, arguments.key)
    hosts = trusted_hosts(arguments)
    [key] = held(document, [name])
    vendor_url = document.get("vendorEndpoints", {}).get("anthropic")
    require_right_address(key, os.environ.get(ANTHROPIC_BASE_URL), vendor_url, hosts)
    values, failures = reader_of(arguments, document, None, report).read([name])
    for failure in failures.values():
        raise failure
    result(one_line(name, values[name]))
    return EXIT_DONE


def chosen(document: ManifestDocument, asked: str | None) -> str:
    """The key to print: the one that was asked for, or the manifest's for Claude Code, or the only one.

    Raises:
        UsageError: no such key, one that Claude Code cannot use, none, or several; what was typed is not
            repeated.
    """
    environment = document["environment"]
    candidates = usable(held(document, list(document["keys"])))
    listed = ", ".join(candidates) or "none"
    if asked is not None:
        if asked not in document["keys"]:
            raise UsageError(
                f"there is no such key in environment {environment}; for Claude Code it has {listed}"
            )
        if asked not in candidates:
            vendor = document["keys"][asked]["vendor"]
            raise UsageError(
                f"Claude Code cannot use the key {asked}, which is of vendor {vendor}; it can use: {listed}"
            )
        return asked
    if document.get("claudeCodeKey") in candidates:
        return document["claudeCodeKey"]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise UsageError(
            f"environment {environment} has several keys that Claude Code can use: {listed}",
            f"keyplan key-helper --key {candidates[0]}",
        )
    raise UsageError(
        f"environment {environment} has no key that Claude Code can use: none of vendor anthropic"
    )


def one_line(name: str, value: SecretValue) -> str:
    """The value as text of one line that an HTTP header can hold.

    Raises:
        UsageError: it is not; the value is not shown.
    """
    text = value.reveal()
    if not text.isascii() or not text.isprintable() or not text.strip():
        raise UsageError(
            f"the value of {name} cannot be sent by Claude Code: a header takes one line of printable ASCII",
            f"keyplan put {name}",
        )
    return text
