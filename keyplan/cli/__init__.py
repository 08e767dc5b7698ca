"""The command line: parse, call, print. One module a verb; only the chosen verb's module is imported.

A verb's module has `configure(parser)`, which adds its arguments, and `run(arguments) -> int`, which returns
the exit code. `TAKES_PROGRAM = True` in it gives `run` what follows `--` as `arguments.program`. A verb of
several words is a package, whose `VERBS` are the second words. Arguments are never echoed in a message:
somebody may have typed a value among them.
"""

from __future__ import annotations

import errno
import os
import sys

from keyplan.cli.output import result, say
from keyplan.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, Interrupted, KeyplanError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VERBS = {
    "check": "find every mistake of the environments' configuration, offline",
    "put": "store a value for a key, from a hidden prompt or standard input",
    "rotate": "bring a new value of a key to every reader, step by step; go on where one stopped",
    "rollback": "send readers back to the previous value, or take back what is under way",
    "verify": "ask each vendor whether the stored values are alive, and compare the clouds",
    "history": "show a key's versions: who stored them, when, and what became of each",
    "retire": "deactivate old values at the vendor, once no reader is given them",
    "revoke": "shut a leaked value everywhere, and keep a record of what was done",
    "restore": "bring back the secret of a key that is deleted",
    "status": "show per key whether a value is there, its age and when it is due",
    "exec": "run a program with the keys that it needs in its environment",
    "key-helper": "print one key for Claude Code, which runs this itself (apiKeyHelper)",
    "keychain": "keep values in this machine's keychain, for a developer without access to the cloud",
    "wire": "print the configuration with which a consumer finds its keys",
    "audit": "say who can read which secret, from a snapshot of accounts, with the reasons",
    "doctor": "say which credential Claude Code and the SDKs would use here, and what is in the way",
}
EXIT_PIPE_CLOSED = 141  # 128 + SIGPIPE
EXIT_INTERNAL = 70  # EX_SOFTWARE of sysexits.h
EXIT_OUTPUT = 74  # EX_IOERR of sysexits.h


def run(argv: Sequence[str], dispatch: Callable[[list[str]], int] | None = None) -> int:
    """Run one command and return its exit code; every failure is told on standard error.

    `dispatch` runs another program's verbs (the sandbox's) with the same treatment of failures.
    """
    _open_closed_streams()
    arguments = list(argv)
    before_program = arguments[: arguments.index("--")] if "--" in arguments else arguments
    try:
        code = (dispatch or _dispatch)(arguments)
        sys.stdout.flush()
        return code
    except KeyplanError as error:
        return _told(error)
    except KeyboardInterrupt:
        say(f"\n{_interrupted_text(before_program)}")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _abandon_output()
        return EXIT_PIPE_CLOSED
    except SystemExit as leaving:  # argparse after --help
        return leaving.code if isinstance(leaving.code, int) else EXIT_DONE
    except Exception as error:
        return _internal(error, "--verbose" in before_program)


def _dispatch(argv: list[str]) -> int:
    if argv[:1] == ["--version"]:
        from keyplan import __version__

        result(f"keyplan {__version__}")
        return EXIT_DONE
    return _choose("keyplan", VERBS, "", argv)


def _choose(program: str, verbs: Mapping[str, str], description: str, argv: list[str]) -> int:
    """Run the verb that the first word names; without one, say which there are."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        (result if argv else say)(_overview(program, verbs, description))
        return EXIT_DONE if argv else EXIT_USAGE
    verb = argv[0]
    if verb not in verbs:
        from difflib import get_close_matches

        near = get_close_matches(verb, verbs, n=1)
        raise UsageError(
            "there is no such command", f"{program} {near[0]} --help" if near else f"{program} --help"
        )
    return _run_verb(f"{program} {verb}".removeprefix("keyplan "), argv[1:])


def module_of(verb: str) -> str:
    """The full name of a verb's module: `key-helper` is in keyplan.cli.key_helper, `audit keys` in
    keyplan.cli.audit.keys.
    """
    return f"keyplan.cli.{verb.replace('-', '_').replace(' ', '.')}"


def _run_verb(verb: str, argv: list[str]) -> int:
    from importlib import import_module

    from keyplan.cli.arguments import Parser

    module = import_module(module_of(verb))
    if hasattr(module, "VERBS"):
        return _choose(f"keyplan {verb}", module.VERBS, f"{(module.__doc__ or '').strip()}\n\n", argv)
    parser = Parser(verb, module.__doc__)
    module.configure(parser)
    program: list[str] | None = None
    # Split here: argparse drops or keeps further `--` of the program's own, depending on Python's version.
    if getattr(module, "TAKES_PROGRAM", False) and "--" in argv:
        place = argv.index("--")
        argv, program = argv[:place], argv[place + 1 :]
    arguments = parser.parse_args(argv)
    arguments.program = program
    code: int = module.run(arguments)
    return code


def _interrupted_text(words: list[str]) -> str:
    """`exec` can be interrupted by Ctrl-C only as long as it has not become the program."""
    return "interrupted; the program was not started" if words[:1] == ["exec"] else "interrupted"


def _overview(program: str, verbs: Mapping[str, str], description: str) -> str:
    width = max(map(len, verbs))
    lines = "\n".join(f"  {verb:<{width}}  {summary}" for verb, summary in verbs.items())
    end = f"`{program} VERB --help` says more; values are never arguments."
    return f"usage: {program} VERB …\n\n{description}{lines}\n\n{end}"


def _told(error: KeyplanError) -> int:
    try:
        sys.stdout.flush()  # what was printed before comes first
    except BrokenPipeError:
        _abandon_output()
    at_prompt = isinstance(error, Interrupted) and error.at_prompt
    say(f"\n{error.message}" if at_prompt else f"error: {error.message}")
    if error.hint:
        say(f"hint: {error.hint}")
    return error.exit_code


def _internal(error: Exception, verbose: bool) -> int:
    """A failure that nobody foresaw. Its text stays hidden: an SDK or a parser may have put a value into
    it.
    """
    if isinstance(error, OSError) and error.filename is None and _is_of_output(error):
        _abandon_output()
        say("error: standard output cannot be written: is the disk full?")
        return EXIT_OUTPUT
    say(
        f"error: this is a fault of keyplan ({type(error).__name__}); its text is hidden: it may hold a value"
    )
    if verbose:
        from traceback import format_tb

        say("".join(format_tb(error.__traceback__)).rstrip())
    else:
        say("hint: run it again with --verbose for the place in the code, and report that")
    return EXIT_INTERNAL


def _is_of_output(error: OSError) -> bool:
    """Python's own buffer keeps what could not be written; without one (PYTHONUNBUFFERED) it is gone."""
    return error.errno == errno.ENOSPC or not _output_works()


def _output_works() -> bool:
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _abandon_output() -> None:
    """Python flushes again when it exits, and would complain again: let that go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed_streams() -> None:
    """A stream that the caller closed is None in Python; what is printed to it goes nowhere instead."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for the whole process
