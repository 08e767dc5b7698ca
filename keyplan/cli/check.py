"""Find every mistake of the environments' configuration, offline: no cloud, no Pulumi, nothing is changed.

Reads Pulumi.yaml and Pulumi.ENV.yaml and says for each environment that it is right, or all that is wrong
with it, one mistake a line: FILE:LINE: path: what was found; what is allowed. Run it as often as you like.

Exit code: 0 when every environment is right, 2 when there is a mistake or a file cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keyplan.errors import EXIT_DONE, EXIT_USAGE, CatalogueError, UsageError
from keyplan.problem import Problem

FORMAT = "keyplan-check/1"


@dataclass(frozen=True)
class Verdict:
    """What was found about one environment."""

    environment: str
    keys: int
    consumers: int
    problems: tuple[Problem, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan check`."""
    parser.add_argument(
        "environments",
        metavar="ENV",
        nargs="*",
        help="environments to check (default: every Pulumi.ENV.yaml)",
    )
    parser.add_argument(
        "--project",
        metavar="DIRECTORY",
        type=Path,
        help="the directory of Pulumi.yaml (default: the nearest one upwards from here)",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check, print, and return the exit code."""
    from keyplan.checks.files import find_project

    project: Path = arguments.project or find_project(Path.cwd())
    verdicts = check(project, arguments.environments)
    as_json = arguments.format == "json"
    text = json.dumps(as_document(verdicts), indent=2) if as_json else "\n".join(map(as_text, verdicts))
    sys.stdout.write(f"{text}\n")
    return EXIT_USAGE if any(verdict.problems for verdict in verdicts) else EXIT_DONE


def check(project: Path, wanted: list[str]) -> list[Verdict]:
    """The verdict on each wanted environment, or on all.

    Raises UsageError when the project has no such environment; a typed name is not repeated.
    """
    from keyplan.checks.files import environments, load_catalogue
    from keyplan.checks.problems import nearest

    known = environments(project)
    if not known:
        raise UsageError(
            "there is no Pulumi.ENV.yaml in the project's directory", "keyplan check --project DIRECTORY"
        )
    for name in wanted:
        if name not in known:
            meant = nearest(name, known)
            raise UsageError(
                f"there is no such environment; the project has {', '.join(known)}",
                f"keyplan check {meant}" if meant else "keyplan check",
            )
    verdicts = []
    for name in dict.fromkeys(wanted or known):
        try:
            catalogue = load_catalogue(project, name)
            verdicts.append(Verdict(name, len(catalogue.keys), len(catalogue.consumers), ()))
        except CatalogueError as error:
            verdicts.append(Verdict(name, 0, 0, error.problems))
    return verdicts


def as_text(verdict: Verdict) -> str:
    """`prod: ok, 3 keys, 6 consumers`, or the number of mistakes and each on its own line."""
    if verdict.problems:
        head = f"{verdict.environment}: {_count(len(verdict.problems), 'mistake')}"
        return "\n".join((head, *(f"  {problem}" for problem in verdict.problems)))
    keys, consumers = _count(verdict.keys, "key"), _count(verdict.consumers, "consumer")
    return f"{verdict.environment}: ok, {keys}, {consumers}"


def as_document(verdicts: list[Verdict]) -> dict[str, Any]:
    """What `--format json` prints (docs/catalogue.md)."""
    return {
        "format": FORMAT,
        "environments": [
            {
                "environment": verdict.environment,
                "ok": not verdict.problems,
                "keys": verdict.keys,
                "consumers": verdict.consumers,
                "problems": [asdict(problem) for problem in verdict.problems],
            }
            for verdict in verdicts
        ],
    }


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
