"""The command line of the sandbox: parse, call, print. One module a verb, imported when it is chosen.

Failures are printed as keyplan prints them, with the same exit codes (keyplan.errors).
"""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Sequence

from keyplan.cli import run as run_with_failures_in_words
from keyplan.cli.arguments import Parser
from keyplan.errors import EXIT_DONE, EXIT_USAGE, UsageError
from sandbox.isolation import isolate_this_process

PROGRAM = "python -m sandbox"
VERBS = {
    "up": "start the cloud if it is not running, and make it as the catalogue says",
    "status": "show whether it runs, what it has, and which keys have a value",
    "advance": "move time, run the reminders of each day that passed, show the mails they send",
    "stranger": "let somebody who is not listed read a key, and show the mail that the owners get",
    "console": "make, see, use and end keys at the sandbox's own vendor",
    "pulumi": "run any Pulumi command against the sandbox's cloud",
    "down": "end the cloud; the values in it are gone",
    "engine": "say which of Pulumi's engines is used, and get one if there is none",
}
_NEGATIVE_NUMBER = re.compile(r"-\d")


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    return run_with_failures_in_words(argv, _dispatch)


def _dispatch(argv: Sequence[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(f"{_overview()}\n")
        return EXIT_DONE if argv else EXIT_USAGE
    verb = argv[0]
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, n=1)
        raise UsageError("there is no such command", f"{PROGRAM} {near[0] if near else '--help'}")
    if verb != "pulumi" and any(_NEGATIVE_NUMBER.match(argument) for argument in argv[1:]):
        raise UsageError("nothing here is negative: time moves forward only", f"{PROGRAM} {verb} --help")
    module = importlib.import_module(f"sandbox.commands.{verb}")
    parser = Parser(verb, module.__doc__)
    parser.prog = f"{PROGRAM} {verb}"
    module.configure(parser)
    rest = list(argv[1:])
    if verb == "pulumi" and rest[:1] not in ([], ["-h"], ["--help"]):
        rest.insert(0, "--")  # whatever follows is Pulumi's to understand
    arguments = parser.parse_args(rest)
    isolate_this_process()
    code: int = module.run(arguments)
    return code


def _overview() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {summary}" for verb, summary in VERBS.items())
    return f"usage: {PROGRAM} VERB …\n\n{verbs}\n\n`{PROGRAM} VERB --help` says more."
