"""Run a program with the keys of an environment in its environment variables.

  keyplan exec -- python app.py                    every key of the environment but Admin API keys
  keyplan exec --only anthropic -- claude          one key
  keyplan exec --consumer chat-api -- ./serve      a consumer's keys and its plain variables
  keyplan exec --from keychain -- claude           what `keyplan keychain put` stored on this machine

Reads each key's value and becomes the program: its exit code and signals are what you see, and no value is on
disk, in a log or among any program's arguments. Nothing is stored, so a second run does the same again.
If a key cannot be read, the program is not started, and every such key is named:

  $ keyplan exec -- python app.py
  error: key openrouter of environment dev: nobody has stored a value in secret dev/openrouter-api-key yet
  the program was not started
  hint: keyplan put openrouter; or run without it: keyplan exec --only anthropic -- …

Variables that would win over a key or send it elsewhere (ANTHROPIC_AUTH_TOKEN, ANTHROPIC_BASE_URL,
CLAUDE_CODE_USE_BEDROCK and the like) are removed, and named on standard error; --keep NAME leaves one. With a
gateway's token its address is set too; a program gets no key that it would send to the gateway of another.
A consumer whose route needs no key, such as federation, may have none: then nothing is read.

Exit code: the program's own; 126 and 127 when it cannot be run or is not found; 2 or 3 before it was started.
"""

from __future__ import annotations

import os

from keyplan.cli.arguments import add_environment
from keyplan.cli.output import reporter, say
from keyplan.cli.sources import add_source, reader_of
from keyplan.environ import (
    ANTHROPIC_BASE_URL,
    base_url_variable,
    base_urls,
    merge,
    require_distinct,
    require_one_road,
)
from keyplan.errors import EXIT_REFUSED, KeyplanError, UsageError
from keyplan.manifest.sources import load
from keyplan.manifest.vendor_rules import held
from keyplan.process import replace
from keyplan.vendors import vendor_named
from keyplan.vendors.anthropic import overrides_of_route

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from keyplan.manifest.document import KeyDocument, ManifestDocument
    from keyplan.secret_value import SecretValue

TAKES_PROGRAM = True
# It manages the whole organization: a program gets it only if somebody says so.
ONLY_BY_NAME = "anthropic-admin"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan exec`."""
    parser.usage = "keyplan exec [option …] -- PROGRAM [argument …]"
    parser.add_argument(
        "--only", metavar="KEY", action="append", help="give the program this key only; may be repeated"
    )
    parser.add_argument("--consumer", metavar="NAME", help="give it this consumer's keys and plain variables")
    parser.add_argument(
        "--cloud",
        choices=("aws", "gcp"),
        help="read them there (default: where the consumer reads, else the environment's first cloud)",
    )
    parser.add_argument(
        "--keep",
        metavar="NAME",
        action="append",
        default=[],
        help="leave this variable in place although it wins over a key; may be repeated",
    )
    add_source(parser)
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the keys and become the program."""
    if not arguments.program:
        raise UsageError("there is no program to run: give it after `--`", "keyplan exec -- PROGRAM …")
    report = reporter(arguments.verbose)
    document = load(arguments.manifest, arguments.stack, report=report)
    names, plain = chosen(document, arguments.only, arguments.consumer)
    keys = document["keys"]
    require_distinct([(name, keys[name]["envVar"]) for name in names])
    require_one_road(held(document, names))
    route = document["consumers"][arguments.consumer].get("route") if arguments.consumer else None
    overrides = dict(overrides_of_route(route)) | {
        variable: why
        for name in names
        if not has_own_gateway(keys[name])
        for variable, why in vendor_named(keys[name]["vendor"]).OVERRIDES.items()
    }

    values: Mapping[str, SecretValue] = {}
    failures: Mapping[str, KeyplanError] = {}
    if names:
        values, failures = reader_of(arguments, document, arguments.consumer, report).read(names)
    report(f"{len(values)} of {len(names)} keys read")
    if failures:
        raise unreadable(failures, list(values))
    environ, removed = merge(
        os.environb,
        values={keys[name]["envVar"]: value for name, value in values.items()},
        plain={**plain, **base_urls(held(document, names))},
        overrides=overrides,
        keep=arguments.keep,
    )
    for variable in removed:
        say(f"removed {variable}: {overrides[variable]} (--keep {variable} leaves it)")
    replace(arguments.program, environ)


def chosen(
    document: ManifestDocument, only: Sequence[str] | None, consumer: str | None
) -> tuple[list[str], dict[str, str]]:
    """Which keys to read, and which plain variables to set: the consumer's, without its gateways' addresses.

    An Admin API key is only among them where it is named, or a consumer's.

    Raises:
        UsageError: a key or consumer that the environment does not have; what was typed is not repeated.
    """
    available, plain = list(document["keys"]), {}
    environment = document["environment"]
    if consumer is not None:
        if consumer not in document["consumers"]:
            raise UsageError(
                f"there is no such consumer in environment {environment}; "
                f"it has {', '.join(document['consumers']) or 'none'}"
            )
        entry = document["consumers"][consumer]
        available = entry["keys"]
        own = base_urls(held(document, available))
        plain = {name: text for name, text in entry["env"].items() if name not in own}
    for name in only or ():
        if name not in available:
            holder = f"consumer {consumer}" if consumer is not None else f"environment {environment}"
            raise UsageError(f"there is no such key in {holder}; it has {', '.join(available) or 'none'}")
    wanted = only
    if only is None and consumer is None:
        wanted = [name for name in available if document["keys"][name]["vendor"] != ONLY_BY_NAME]
    names = [name for name in available if wanted is None or name in wanted]
    if not names and available:
        raise UsageError(
            f"environment {environment} has no keys but Admin API keys, which a program gets only by name",
            f"keyplan exec --only {available[0]} -- …",
        )
    if not names and consumer is None:
        raise UsageError(
            f"environment {environment} has no keys", "add one to the catalogue, then `pulumi up`"
        )
    return names, plain


def has_own_gateway(key: KeyDocument) -> bool:
    """Whether its token is for a gateway that Anthropic's own variables say nothing about."""
    return "baseUrl" in key and base_url_variable(key["envVar"]) != ANTHROPIC_BASE_URL


def unreadable(failures: Mapping[str, KeyplanError], read: Sequence[str]) -> KeyplanError:
    """One error that names every key that could not be read, and how to do without them."""
    first = next(iter(failures.values()))
    hint = first.hint
    if read:
        without = " ".join(f"--only {name}" for name in read)
        hint = f"{hint + '; ' if hint else ''}or run without it: keyplan exec {without} -- …"
    if len(failures) == 1:
        message, exit_code = first.message, first.exit_code
    else:
        lines = "\n".join(f"  {error.message}" for error in failures.values())
        message, exit_code = f"{len(failures)} keys cannot be read:\n{lines}", EXIT_REFUSED
    error = KeyplanError(f"{message}\nthe program was not started", hint)
    error.exit_code = exit_code
    return error
