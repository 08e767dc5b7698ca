"""Bring back the secret of a key that is deleted, as long as its recovery window is open.

  keyplan restore anthropic

On AWS that is a secret pending deletion, on Google Cloud versions whose destruction is scheduled, but for
those that keyplan shut itself. Readers get again what they got before. Where nothing is deleted, that is said
and nothing is done; with two clouds the other one is restored all the same. `keyplan status` shows what is
deleted. A second run finds nothing to restore.

Exit code: 0 restored; 2 nothing is deleted; 3 a store refused or gave no answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.cli.one_key import add_key, add_the_rest, open_scene
from keyplan.cli.output import result
from keyplan.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan restore`."""
    add_key(parser, "restore")
    add_the_rest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Restore, print, and return the exit code."""
    scene = open_scene(arguments, "restore", stdin_allowed=True)

    from keyplan.rotation.restoring import as_document, as_text, restore

    told = (scene.manifest, scene.key, restore(scene.stores, scene.key))
    result(json.dumps(as_document(*told), indent=2) if arguments.format == "json" else as_text(*told))
    return EXIT_DONE
