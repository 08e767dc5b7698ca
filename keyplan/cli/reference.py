"""The commands' sections of docs/commands.md, made of the commands' own help.

`python -m keyplan.cli.reference docs/commands.md` writes them anew between their markers; a test fails when
somebody changed a command and did not.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from keyplan.cli import module_of
from keyplan.cli.arguments import Parser

_BLOCK = re.compile(r"(<!-- help: (?P<verb>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def help_of(verb: str) -> str:
    """A command's description and a table of its arguments.

    Made of the parser's arguments, not of argparse's text, which differs between versions of Python.
    """
    module = import_module(module_of(verb))
    parser = Parser(verb, module.__doc__)
    module.configure(parser)
    rows = [
        f"| {_words(action)} | {(action.help or '').replace('|', chr(92) + '|')} |\n"
        for action in parser._actions
        if action.dest != "help"
    ]
    description = (module.__doc__ or "").strip()
    return f"```text\n{description}\n```\n\n| argument | meaning |\n|---|---|\n{''.join(rows)}"


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
