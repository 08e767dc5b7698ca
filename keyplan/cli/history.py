"""Show the versions of a key in each store, newest first: who stored each, when, and what became of it.

  keyplan history anthropic

Needs permission to see metadata only, never to read a value, and changes nothing. A version is

  pending    stored by a rotation that has not promoted it yet; no reader gets it
  current    what readers get
  previous   what readers got before; `keyplan rollback KEY` goes back to it
  -          history; its value can be gone

and became: served (since when, where that was later than it was stored), retired (deactivated at the vendor
after a rotation), revoked (shut because it had leaked). The fingerprint tells two values apart and reveals
neither; the hint is the part of a key that the vendor itself shows in its list. With an admin key
(ANTHROPIC_ADMIN_API_KEY, or a stored key of vendor anthropic-admin that you may read) the vendor's own name
and status of each key stand beside it.

Exit code: 0 shown; 2 the arguments are wrong; 3 a store or the vendor refused or gave no answer, and what the
others say is shown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.cli.one_key import add_key, add_the_rest, open_scene
from keyplan.cli.output import result
from keyplan.errors import EXIT_DONE, EXIT_REFUSED

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan history`."""
    add_key(parser, "history")
    add_the_rest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look, print, and return the exit code."""
    scene = open_scene(arguments, "history", stdin_allowed=True)

    from keyplan.rotation.past import as_document, as_text, look_back

    past = look_back(scene.stores, scene.key, scene.admin)
    told = (scene.manifest, scene.key, past)
    result(json.dumps(as_document(*told), indent=2) if arguments.format == "json" else as_text(*told))
    return EXIT_REFUSED if past.errors or past.vendor_error else EXIT_DONE
