"""`keyplan wire TARGET CONSUMER --check PATH`: whether a committed file is still what keyplan would write.

Prints the difference, and writes nothing. What may be compared, and how, is in `keyplan.wiring`.
"""

from __future__ import annotations

import shlex
import sys

from keyplan.cli.output import say
from keyplan.errors import EXIT_DONE, Findings, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from keyplan.manifest.model import Manifest
    from keyplan.wiring.staleness import Stale


def check_text(arguments: argparse.Namespace, manifest: Manifest, text: str) -> int:
    """Compare a file with a target's text, byte by byte; the difference goes to standard output.

    Raises:
        Findings: it differs.
        UsageError: it cannot be read, holds values, or is no text.
    """
    from keyplan.wiring import committed, dotenv, staleness

    name = committed.name_of(arguments.check)
    content = committed.read(arguments.check)
    if content.startswith(dotenv.MARKER.encode()):
        raise UsageError(
            f"{name} holds values: comparing it would mean to read them, and such a file is never committed",
            "write it anew with --output, or delete it",
        )
    keys = manifest.consumers[arguments.consumer].keys
    secret = {manifest.keys[key].env_var for key in keys}
    command = _command(arguments)
    stale = staleness.compare(content, text, name, command, secret)
    if stale is None:
        say(f"{name} is as it should be")
        return EXIT_DONE
    sys.stdout.writelines(f"{line}\n" for line in stale.lines)
    leak = "\nsomething in it has the form of a key: it has leaked, keyplan revoke KEY --leaked"
    raise Findings(
        f"{name} is stale: {stale.words}{leak if stale.holds_key else ''}", _hint(arguments, command, stale)
    )


def check_settings(arguments: argparse.Namespace, text: str) -> int:
    """Whether settings of Claude Code still have what would be merged; other settings are nobody's business.

    Raises:
        Findings: something is missing or set otherwise; standard output has what would be merged.
        UsageError: it cannot be read, is no JSON, or a setting in it wins over ours.
    """
    from keyplan.wiring import committed
    from keyplan.wiring.claude.merging import merge

    name = committed.name_of(arguments.check)
    try:
        # Nothing of the file is printed, so that a person's own settings may be looked at, too.
        merged = merge(committed.read(arguments.check, anywhere=True).decode("utf-8"), text, name)
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8 text") from None
    if not merged.changes:
        say(f"{name} is as it should be")
        return EXIT_DONE
    sys.stdout.writelines(f"{line}\n" for line in merged.changes)
    more = "" if arguments.check == "-" else f" --output {shlex.quote(name)} --yes"
    raise Findings(f"{name} is stale: settings in it are not these", f"{_command(arguments)}{more}")


def _command(arguments: argparse.Namespace) -> str:
    pins = "".join(f" --pin {shlex.quote(pin)}" for pin in arguments.pin)
    return f"keyplan wire {arguments.target} {arguments.consumer}{pins}"


def _hint(arguments: argparse.Namespace, command: str, stale: Stale) -> str:
    from keyplan.wiring.committed import STANDARD_INPUT, name_of

    if stale.has_crlf and not stale.lines:
        return "in .gitattributes, give its path `text eol=lf`, and check it out again"
    if arguments.check == STANDARD_INPUT:
        return command
    return f"{command} --output {shlex.quote(name_of(arguments.check))} --force"
