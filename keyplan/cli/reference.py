"""The commands' sections of docs/commands.md, made of the commands' own help.

`python -m keyplan.cli.reference docs/commands.md` writes them anew between their markers; a test fails when
somebody changed a command and did not.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from keyplan.cli import VERBS, module_of
from keyplan.cli.arguments import Parser

_BLOCK = re.compile(r"(<!-- help: (?P<verb>[a-z -]+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def help_of(verb: str) -> str:
    """A command's description and a table of its arguments.

    Made of the parser's arguments, not of argparse's text, which differs between versions of Python.
    """
    module = import_module(module_of(verb))
    description = (module.__doc__ or "").strip()
    if hasattr(module, "VERBS"):
        rows = [f"| `keyplan {verb} {word}` | {summary} |\n" for word, summary in module.VERBS.items()]
        return f"```text\n{description}\n```\n\n| command | does |\n|---|---|\n{''.join(rows)}"
    parser = Parser(verb, module.__doc__)
    module.configure(parser)
    rows = [
        f"| {_words(action)} | {(action.help or '').replace('|', chr(92) + '|')} |\n"
        for action in parser._actions
        if action.dest != "help"
    ]
    return f"```text\n{description}\n```\n\n| argument | meaning |\n|---|---|\n{''.join(rows)}"


def every_verb() -> list[str]:
    """All commands, those of two words after the one that they belong to."""
    found = []
    for verb in VERBS:
        words: dict[str, str] = getattr(import_module(module_of(verb)), "VERBS", {})
        found += [verb, *(f"{verb} {word}" for word in words)]
    return found


def with_help(page: str) -> str:
    """The page with every command between its markers written anew."""
    return _BLOCK.sub(lambda match: f"{match[1]}{help_of(match['verb'])}{match[3]}", page)


def _words(action: object) -> str:
    """`--only KEY`, `KEY`, `--check`, or `--format table|json`."""
    names, metavar, choices = (getattr(action, name) for name in ("option_strings", "metavar", "choices"))
    takes = getattr(action, "nargs", None) != 0
    value = metavar or (r"\|".join(choices) if choices else "")
    return f"`{' '.join([*names[:1], *([value] if takes and value else [])])}`"


def main() -> None:
    """Write the page whose path is the first argument."""
    page = Path(sys.argv[1])
    page.write_text(with_help(page.read_text()))


if __name__ == "__main__":
    main()
