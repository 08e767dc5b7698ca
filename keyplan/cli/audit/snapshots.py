"""What the questions share: the snapshot they are asked of, and what of it could not be read."""

from __future__ import annotations

import io
import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from keyplan.cli.output import result, say
from keyplan.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from keyplan.audit.baseline import Acceptance, Outcome
    from keyplan.audit.estate import Estate
    from keyplan.audit.questions import Reader
    from keyplan.manifest.model import Manifest

PROBLEMS_SHOWN_MAX = 20
TABLE_FORMATS = ("text", "json", "csv", "markdown")
GATE_FORMATS = ("text", "json", "markdown", "sarif", "baseline")


def add_snapshot(parser: argparse.ArgumentParser) -> None:
    """--snapshot: the file."""
    parser.add_argument(
        "--snapshot", metavar="FILE", required=True, help="the snapshot; `-` is standard input"
    )


def add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """--format: the first is the default."""
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help=f"how to print (default: {formats[0]})"
    )


def add_manifest(parser: argparse.ArgumentParser) -> None:
    """--manifest and --stack: the environment that the account is held against."""
    group = parser.add_argument_group("the environment")
    group.add_argument("--manifest", metavar="FILE", help="its manifest (default: as with every command)")
    group.add_argument("--stack", metavar="NAME", help="take the manifest from this stack's output")


def estate_of(name: str) -> Estate:
    """The estate of a snapshot's file.

    Raises:
        UsageError: it cannot be read, or is no snapshot.
    """
    from keyplan.audit.estate import Estate
    from keyplan.audit.snapshot import read_snapshot

    return Estate(read_snapshot(load(name, "snapshot")))


def acceptances(name: str | None, codes: Collection[str]) -> tuple[Acceptance, ...]:
    """The baseline's acceptances of these codes; none without a baseline.

    Raises:
        UsageError: the file cannot be read, or is no baseline.
    """
    from keyplan.audit.baseline import about, read_baseline

    return about(read_baseline(load(name, "baseline")), codes) if name else ()


def load(name: str, what: str) -> object:
    """A JSON file, or standard input for `-`.

    Raises:
        UsageError: it is not there, or is not JSON.
    """
    return parsed(read(name, what), what)


def read(name: str, what: str) -> bytes:
    """A file's bytes, or those of standard input for `-`.

    Raises:
        UsageError: it is not there, or cannot be read.
    """
    try:
        if name == "-":
            return b"" if sys.stdin is None else sys.stdin.buffer.read()
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(
            f"the {what} cannot be read: {(error.strerror or 'failed').lower()}",
            "keyplan audit collect --out FILE" if what == "snapshot" else None,
        ) from None


def parsed(content: bytes, what: str) -> object:
    """The JSON of a file's bytes.

    Raises:
        UsageError: it is not JSON.
    """
    if not content.strip():
        raise UsageError(f"the {what} is empty")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UsageError(f"the {what} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the {what} is not JSON: line {error.lineno}, column {error.colno}; is it cut off?"
        ) from None
    except ValueError:  # Python's own limit for the digits of a number
        raise UsageError(f"the {what} has a number that is too long to be one of it") from None
    except RecursionError:
        raise UsageError(f"the {what} is nested too deeply to be one") from None


def print_table(
    found: Iterable[Reader], form: str, *, title: str, about: str, mark: str, nobody: str
) -> None:
    """Print readers in one of TABLE_FORMATS; CSV and Markdown take them as they come, the others hold all.

    Args:
        title: a comment's heading, with `{}` for what it is about.
        about: the name that stands there.
        mark: what tells this question's comment from others.
        nobody: the sentence for a person when there are none.
    """
    if form == "csv":
        from keyplan.audit.reports import comma

        in_utf8().writelines(comma.readers(found))
    elif form == "markdown":
        from keyplan.audit.reports import markdown

        in_utf8().write(markdown.readers(title.format(markdown.code(about)), mark, found, nobody))
    elif form == "json":
        from keyplan.audit.reports import answers

        result(json.dumps([answers.reader(row) for row in found], indent=2))
    elif rows := list(found):
        from keyplan.audit.reports import text

        print_lines(text.table(rows))
    else:
        result(nobody)


def print_findings(
    arguments: argparse.Namespace,
    manifest: Manifest,
    outcome: Outcome,
    acceptances: Sequence[Acceptance],
    problems: Sequence[str],
) -> None:
    """Print the gate's findings for a forge: as a comment in Markdown, or as SARIF."""
    from keyplan.audit.reports import markdown, sarif

    if arguments.format == "markdown":
        in_utf8().write(markdown.gate(manifest.environment, outcome, acceptances))
        return
    from keyplan import __version__
    from keyplan.cli.audit.places import places

    where = places(manifest, arguments.snapshot)
    log = sarif.gate(
        manifest.environment, outcome, acceptances, where, version=__version__, problems=problems
    )
    result(json.dumps(log, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Print text for a terminal, to which no name of an account can say anything."""
    from keyplan.audit.reports.names import visible

    in_utf8().writelines(f"{visible(line)}\n" for line in lines)


def in_utf8() -> TextIO:
    """Standard output, in UTF-8 and with the ends of lines as they are written, whatever the locale says."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    return sys.stdout


@contextmanager
def before_refusing(estate: Estate) -> Iterator[None]:
    """Say what the snapshot lacks before the refusal of what it may lack for that reason."""
    try:
        yield
    except UsageError:
        tell_problems(estate.snapshot.problems)
        raise


def tell_problems(problems: Sequence[str]) -> None:
    """Say what could not be read, on standard error."""
    from keyplan.audit.reports.names import visible

    for problem in problems[:PROBLEMS_SHOWN_MAX]:
        say(f"warning: {visible(problem)}")
    if len(problems) > PROBLEMS_SHOWN_MAX:
        say(f"warning: and {len(problems) - PROBLEMS_SHOWN_MAX} more; `matrix --format json` has them all")
