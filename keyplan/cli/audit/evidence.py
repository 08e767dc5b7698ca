"""Write an audit as one zip file to keep, or check one: what was asked, what was answered, and their hashes.

  keyplan audit evidence --snapshot accounts.json --out 2026-11.zip
  keyplan audit evidence --snapshot accounts.json --stack prod --baseline accepted.json --out 2026-11.zip
  keyplan audit evidence --verify 2026-11.zip

The bundle has the snapshot as it is, everything that it says, who could change that, the report to look at,
and, with --manifest or --stack, where the account differs from the catalogue; a README for the auditor, and
SHA256SUMS. No value: a snapshot in which something looks like one is refused, with the place. The same input
gives the same bundle, whose hash is printed. The file is private (mode 0600); one that is there is not
replaced without --force.

--verify compares every hash, and computes the answers again from the bundle's own snapshot.

Exit code: 0 written, or whole; 1 something in the bundle is not as it should be; 2 no such snapshot, manifest
or bundle, or something like a value.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from keyplan.cli.audit import kept, snapshots
from keyplan.cli.output import result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    import argparse

    from keyplan.audit.evidence.contents import Contents, Inputs


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit evidence`."""
    parser.add_argument("--snapshot", metavar="FILE", help="the snapshot; `-` is standard input")
    parser.add_argument("--verify", metavar="FILE", help="check this bundle, and write nothing")
    parser.add_argument("--out", metavar="FILE", help="the bundle to write: a zip file")
    parser.add_argument("--force", action="store_true", help="replace the file that --out names")
    kept.add_catalogue(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write a bundle, or check one."""
    _check_arguments(arguments)
    if arguments.verify is not None:
        return _verify(arguments.verify)
    path = _target(arguments)
    inputs = _inputs(arguments)
    _write(path, _contents(inputs))
    return EXIT_DONE


def _check_arguments(arguments: argparse.Namespace) -> None:
    if arguments.verify is not None:
        others = ("snapshot", "out", "baseline", "manifest", "stack", "force")
        if any(getattr(arguments, name) for name in others):
            raise UsageError("--verify takes the bundle alone: everything else is in it")
    elif arguments.snapshot is None:
        raise UsageError("what to keep is missing", "add --snapshot FILE, or --verify FILE for a bundle")
    elif arguments.out is None:
        raise UsageError("where to write the bundle is missing", "add --out FILE.zip")
    else:
        kept.check_baseline(arguments)


def _target(arguments: argparse.Namespace) -> Path:
    path = kept.target(arguments.out, "audit.zip")
    if path.exists() and not arguments.force:
        raise UsageError(f"{path} is there: it is not replaced", "choose another name, or add --force")
    return path


def _inputs(arguments: argparse.Namespace) -> Inputs:
    from keyplan.audit.evidence.contents import Inputs

    document = kept.catalogue(arguments)
    manifest = None if document is None else f"{json.dumps(document, indent=2, sort_keys=True)}\n".encode()
    accepted = None if arguments.baseline is None else snapshots.read(arguments.baseline, "baseline")
    return Inputs(snapshots.read(arguments.snapshot, "snapshot"), manifest, accepted)


def _contents(inputs: Inputs) -> Contents:
    """What will be written, after a look for values in everything that was given."""
    from keyplan import __version__
    from keyplan.audit.evidence.contents import SNAPSHOT, Contents

    documents = {
        name: kept.without_value(content, name.removesuffix(".json"), "bundle")
        for name, content in inputs.named().items()
    }
    return Contents(inputs, documents[SNAPSHOT], __version__)


def _write(path: Path, contents: Contents) -> None:
    from keyplan.audit.evidence.bundle import Written, sums_line, write_bundle
    from keyplan.wiring import files

    done: list[Written] = []
    files.write_by(path, lambda put: done.append(write_bundle(contents.members(), put)), files.PRIVATE_MODE)
    written = done[0]
    result(sums_line(written.sha256, path.name).rstrip("\n"))
    say(f"wrote {path} (mode 0600): {', '.join(written.names)}")
    if contents.outcome is not None:
        say(f"findings that count: {len(contents.outcome.counting)}")
    snapshots.tell_problems(contents.problems)


def _verify(name: str) -> int:
    from keyplan import __version__
    from keyplan.audit.evidence import verifying

    bundle = verifying.opened(lambda: _archive(name))
    wrong = False
    for checked in bundle.hashes():
        result(f"{checked.name}: {checked.said}")
        wrong |= checked.wrong
    if wrong:
        say("the bundle is not as it was written: its answers were not computed again")
        return EXIT_FINDINGS
    made_by = verifying.version_of(bundle)
    for checked in bundle.answers(_contents(bundle.inputs()).made(), made_by == __version__):
        result(f"{checked.name}: {checked.said}")
        wrong |= checked.wrong
    if made_by != __version__:
        say(f"another keyplan wrote the bundle; this is {__version__}, whose answers may differ")
    if wrong:
        say("the bundle is whole, and its answers are not what this keyplan computes from its snapshot")
        return EXIT_FINDINGS
    say(f"the bundle is whole, and its answers are what keyplan {__version__} computes from its snapshot")
    return EXIT_DONE


def _archive(name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(name)
    except OSError as error:
        raise UsageError(f"the bundle cannot be read: {(error.strerror or 'failed').lower()}") from None
