"""Writes docs/gallery.md: python -m docs.gallery [--check].

For every target one example as `keyplan wire` prints it, and who accepted it, asked anew each time; before
them the table of targets against clouds and routes, whose every cell is tried. The examples are consumers of
the tests' environments. --check compares, prints the difference, and writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from docs.gallery_table import CLOUDS, answer, examples_of
from docs.gallery_validators import syntax_of, validators_of
from docs.written import write_or_compare
from keyplan.routes import Route
from keyplan.wiring import TARGETS, wire

DOCUMENT = Path(__file__).resolve().parent / "gallery.md"
COMMAND = "python -m docs.gallery"
HEAD = f"""\
# Gallery of wiring

Written by `{COMMAND}`: one example of each target, as `keyplan wire` prints it, with the schema, parser or
program that accepted it when this page was made. What is for both clouds was accepted for each, and is shown
for the first. How a value gets to the program, and what a rotation means, is in [wiring.md](wiring.md) and
[wiring-gcp.md](wiring-gcp.md).

## What fits where

Each row is a target of `keyplan wire`. The first columns are the clouds that its consumers read from; the
others are the routes by which Claude's clients authenticate ([catalogue.md](catalogue.md)). Every cell was
tried with a consumer of each runtime that the target is for: by the catalogue's check, and by writing the
text. A number is the reason, below the table; after *but*, it is that of some runtimes. *With a key*: with
one of that provider's. *By the program*: the text has the ids of the federation rule, and the program asks
for its identity token, as `keyplan wire python` writes it.

"""
LANGUAGES = {
    "YAML": "yaml",
    "CloudFormation": "yaml",
    "JSON": "json",
    "sh": "sh",
    "bash": "sh",
    "PowerShell": "powershell",
    "Groovy": "groovy",
    "Python": "python",
    "TypeScript": "typescript",
}


def main() -> int:
    """Write the page, or with --check compare it; 1 when it differs."""
    return write_or_compare(DOCUMENT, document())


def document() -> str:
    """The page.

    Raises:
        LookupError: a target has no example or no validator.
        Exception: what a validator says of a text that it does not accept.
    """
    return HEAD + "".join((*_table(), *(_section(target) for target in TARGETS)))


def _table() -> Iterator[str]:
    reasons: dict[str, int] = {}

    def number(reason: str) -> str:
        return f"[{reasons.setdefault(reason, len(reasons) + 1)}](#why)"

    yield f"| target | {' | '.join([*CLOUDS.values(), *map(str, Route)])} |\n"
    yield f"|---|{'---|' * (len(CLOUDS) + len(Route))}\n"
    for target in TARGETS:
        cells = [*_cloud_cells(target, number), *(_route_cell(target, route, number) for route in Route)]
        yield f"| [`{target}`](#{target}) | {' | '.join(cells)} |\n"
    yield "\n### Why\n\n"
    for reason, place in reasons.items():
        yield f"{place}. {reason}\n"


def _cloud_cells(target: str, number: Callable[[str], str]) -> Iterator[str]:
    for cloud in CLOUDS:
        other = next(words for name, words in CLOUDS.items() if name != cloud)
        has = cloud in TARGETS[target].clouds
        yield "yes" if has else number(f"What it is for is on {other} alone.")


def _route_cell(target: str, route: Route, number: Callable[[str], str]) -> str:
    """What happens in each cloud, or once where it is the same in all."""
    cells = {}
    for cloud, _, _ in examples_of(target):
        found = answer(target, cloud, route)
        reasons = ", ".join(number(_sentence(reason)) for reason in found.reasons)
        parts = ((found.words,) if found.works else ()) + ((reasons,) if reasons else ())
        cells[CLOUDS[cloud]] = ", but ".join(parts)
    if len(set(cells.values())) == 1:
        return next(iter(cells.values()))
    return "; ".join(f"{cloud}: {cell}" for cloud, cell in cells.items())


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _section(target: str) -> str:
    examples = list(examples_of(target))
    texts = [wire(manifest, name, target) for _, manifest, name in examples]
    validators = validators_of(target)
    for validator in validators:
        for text in texts if validator.is_here else ():
            validator.accept(text)
    accepted = "; ".join(validator.words for validator in validators)
    _, manifest, name = examples[0]
    summary = TARGETS[target].summary
    runtime = manifest.consumers[name].runtime
    return (
        f"\n## {target}\n\n{summary[0].upper()}{summary[1:]}, for the runtime {runtime}. "
        f"Accepted by: {accepted}.\n\n```{LANGUAGES.get(syntax_of(target), 'text')}\n{texts[0]}```\n"
    )


if __name__ == "__main__":
    sys.exit(main())
