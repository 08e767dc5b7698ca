"""The arguments that several commands share; the same option means the same everywhere."""

from __future__ import annotations

import argparse
import os
import re

from keyplan.endpoints import TRUST_VARIABLE
from keyplan.errors import UsageError
from keyplan.manifest.sources import FILE_VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

TIMEOUT_SECONDS = 30.0
HELP_WIDTH = 100  # fixed: the help in docs/commands.md is the same everywhere, and no terminal is asked


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are UsageErrors that never repeat what was typed."""

    # A command whose arguments may hold a value by mistake says more about it.
    not_understood = UsageError(
        "the arguments are not understood (they are not repeated: one may be a value)"
    )

    def __init__(self, verb: str, description: str | None) -> None:
        super().__init__(
            prog=f"keyplan {verb}",
            description=description,
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=HELP_WIDTH),
            allow_abbrev=False,
        )
        self.add_argument("--verbose", action="store_true", help="say more about what is done, never a value")

    def error(self, message: str) -> NoReturn:
        """Raise UsageError. argparse's own text is used only where it can't contain an argument."""
        if message.startswith("the following arguments are required"):
            raise UsageError(message, f"{self.prog} --help")
        error, option = self.not_understood, re.match(r"argument (--[a-z-]+): (?:invalid|expected)", message)
        if option and error is Parser.not_understood:
            raise UsageError(self._wrong_value(option[1]), f"{self.prog} --help")
        raise type(error)(error.message, error.hint or f"{self.prog} --help")

    def _wrong_value(self, option: str) -> str:
        """What an option takes, where it was given nothing or something else."""
        choices = next((each.choices for each in self._actions if option in each.option_strings), None)
        if choices is not None:
            return f"{option} takes one of {', '.join(map(str, choices))}"
        return f"{option} is without its value, or with a wrong one (it is not repeated)"


def add_environment(parser: argparse.ArgumentParser) -> None:
    """--manifest, --stack, --trust-endpoint, --timeout: which environment, and how to reach it."""
    group = parser.add_argument_group("the environment")
    group.add_argument(
        "--manifest",
        metavar="FILE",
        help=f"the environment's manifest (default: --stack, {FILE_VARIABLE}, the project's last sandbox, or "
        "`pulumi stack output` of the selected stack)",
    )
    group.add_argument("--stack", metavar="NAME", help="take the manifest from this stack's output")
    group.add_argument(
        "--trust-endpoint",
        metavar="HOST",
        action="append",
        default=[],
        help="let a manifest send requests to this host, which is not its cloud's own "
        f"(or set {TRUST_VARIABLE})",
    )
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=TIMEOUT_SECONDS,
        help=f"how long to wait for the store (default: {TIMEOUT_SECONDS:.0f})",
    )


def trusted_hosts(arguments: argparse.Namespace) -> frozenset[str]:
    """Hosts outside AWS that the user confirmed, by option or variable (separated by commas)."""
    from_variable = os.environ.get(TRUST_VARIABLE, "").split(",")
    return frozenset(
        host.strip().lower() for host in [*arguments.trust_endpoint, *from_variable] if host.strip()
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3600:
        raise ValueError
    return seconds
