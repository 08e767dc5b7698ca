"""The command line: parse, call, print. One module a verb; only the chosen verb's module is imported.

A verb's module has `configure(parser)`, which adds its arguments, and `run(arguments) -> int`, which returns
the exit code. Arguments are never echoed in a message: somebody may have typed a value among them.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from keyplan.errors import EXIT_DONE, EXIT_USAGE, KeyplanError, UsageError

VERBS = {
    "check": "find every mistake of the environments' configuration, offline",
    "put": "store a value for a key, from a hidden prompt or standard input",
    "status": "show per key whether a value is there, its age and when it is due",
    "exec": "run a program with the keys that it needs in its environment",
    "wire": "print the configuration with which a consumer finds its keys",
}
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
EXIT_PIPE_CLOSED = 141  # 128 + SIGPIPE
EXIT_INTERNAL = 70  # EX_SOFTWARE of sysexits.h


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are UsageErrors that never repeat what was typed."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError. argparse's own text is used only where it can't contain an argument."""
        if message.startswith("the following arguments are required"):
            raise UsageError(message, f"{self.prog} --help")
        raise UsageError(
            "the arguments are not understood (they are not repeated here: one may be a value)",
            f"{self.prog} --help",
        )


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; every failure is printed on standard error."""
    verbose = "--verbose" in argv[: argv.index("--")] if "--" in argv else "--verbose" in argv
    try:
        code = _dispatch(argv)
        sys.stdout.flush()
        return code
    except KeyplanError as error:
        _say(f"error: {error.message}")
        if error.hint:
            _say(f"hint: {error.hint}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("\ninterrupted; nothing was changed by what had not been reported as done")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python would complain again when it flushes at exit; nobody reads that pipe any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE_CLOSED
    except Exception as error:
        _say(f"error: internal error ({type(error).__name__}); its text is hidden because it may hold a value")
        if verbose:
            _say("".join(traceback.format_tb(error.__traceback__)).rstrip())
        else:
            _say("hint: run it again with --verbose for the place in the code, and report that")
        return EXIT_INTERNAL


def _dispatch(argv: Sequence[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_overview())
        return EXIT_DONE if argv else EXIT_USAGE
    if argv[0] == "--version":
        from keyplan import __version__

        print(f"keyplan {__version__}")
        return EXIT_DONE
    verb = argv[0]
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, n=1)
        raise UsageError("there is no such command", f"keyplan {near[0]}" if near else "keyplan --help")
    module = importlib.import_module(f"keyplan.cli.{verb}")
    parser = Parser(
        prog=f"keyplan {verb}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--verbose", action="store_true", help="say more about what is done, never a value")
    module.configure(parser)
    code: int = module.run(parser.parse_args(argv[1:]))
    return code


def _overview() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {summary}" for verb, summary in VERBS.items())
    return f"usage: keyplan VERB …\n\n{verbs}\n\n`keyplan VERB --help` says more; values are never arguments."


def _say(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except (BrokenPipeError, ValueError):
        pass  # standard error is closed: there is nobody left to tell
