"""The questions about one name, which `readers` and `keys` ask: a table of who reads what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyplan.cli.audit import snapshots
from keyplan.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from keyplan.audit.chains import Graph
    from keyplan.audit.estate import Estate
    from keyplan.audit.questions import Reader


class Question(NamedTuple):
    """What tells one of the questions from the other."""

    verb: str
    number_of: Callable[[Estate, str], int]  # the name's number; UsageError: there is no such
    ask: Callable[[Estate, Graph, int], Iterable[Reader]]
    shown: Callable[[Estate, int], tuple[str, str]]  # how people call it, and its ARN
    title: str  # with `{}` for how people call it
    nobody: str


def configure(parser: argparse.ArgumentParser, metavar: str, meaning: str) -> None:
    """Add the arguments of such a question: the name, the snapshot and the format."""
    parser.add_argument("name", metavar=metavar, help=meaning)
    snapshots.add_snapshot(parser)
    snapshots.add_format(parser, *snapshots.TABLE_FORMATS)


def answer(arguments: argparse.Namespace, question: Question) -> int:
    """Look the name up first: a wrong one need not wait until everything is weighed."""
    from keyplan.audit.matrix import graph_of

    estate = snapshots.estate_of(arguments.snapshot)
    with snapshots.before_refusing(estate):
        number = question.number_of(estate, arguments.name)
    called, arn = question.shown(estate, number)
    snapshots.print_table(
        question.ask(estate, graph_of(estate), number),
        arguments.format,
        title=question.title,
        about=called,
        mark=f"{question.verb} {arn}",
        nobody=question.nobody,
    )
    snapshots.tell_problems(estate.problems())
    return EXIT_DONE
