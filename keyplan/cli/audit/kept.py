"""What `report` and `evidence` share: files that are kept and handed on, and so have no value in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.cli.output import reporter
from keyplan.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from keyplan.manifest.document import ManifestDocument

PLACES_SHOWN_MAX = 5


def add_catalogue(parser: argparse.ArgumentParser) -> None:
    """--manifest, --stack and --baseline: the catalogue to compare with, if somebody wants that."""
    group = parser.add_argument_group("the catalogue to compare with (default: none)")
    group.add_argument("--manifest", metavar="FILE", help="an environment's manifest")
    group.add_argument("--stack", metavar="NAME", help="take the manifest from this stack's output")
    group.add_argument("--baseline", metavar="FILE", help="accepted findings, shown apart")


def check_baseline(arguments: argparse.Namespace) -> None:
    """Raises UsageError where findings are accepted, and no catalogue is there to find them with."""
    if arguments.baseline is not None and arguments.manifest is None and arguments.stack is None:
        raise UsageError("--baseline accepts what differs from a catalogue: add --manifest or --stack")


def catalogue(arguments: argparse.Namespace) -> ManifestDocument | None:
    """The document of the manifest to compare with; None: nothing is compared.

    Raises:
        UsageError, KeyplanError: there is no such manifest.
    """
    from keyplan.manifest.sources import load

    if arguments.manifest is None and arguments.stack is None:
        return None
    return load(arguments.manifest, arguments.stack, report=reporter(arguments.verbose))


def target(name: str, example: str) -> Path:
    """Where the file goes, for a look before everything is weighed.

    Args:
        example: a name of such a file.

    Raises:
        UsageError: it is a folder, in none, or no regular file.
    """
    from keyplan.wiring import files

    if Path(name).is_dir():
        raise UsageError(f"--out names a folder: name the file too, as in --out {example}")
    return files.resolve(Path(name))


def without_value(content: bytes, what: str, kept: str) -> object:
    """The JSON of an input, after a look for values: its statements are kept as they are.

    Args:
        what: the input, as people call it.
        kept: what is made of it: `page`.

    Raises:
        UsageError: it is not JSON, or holds something like a value.
    """
    from keyplan.audit.evidence.values import value_places

    document = snapshots.parsed(content, what)
    places = value_places(content.decode(), document)
    if places:
        more = f" and {len(places) - PLACES_SHOWN_MAX} more" if len(places) > PLACES_SHOWN_MAX else ""
        raise UsageError(
            f"the {what} holds something like a value at {', '.join(places[:PLACES_SHOWN_MAX])}{more}:"
            f" no {kept} has one",
            "take it out of the file; if it is a key that works, `keyplan revoke KEY` first",
        )
    return document
