"""Send readers back to the value that they had before, or take back a rotation that is under way.

  keyplan rollback anthropic             current and previous change places, in every store
  keyplan rollback anthropic --dry-run   say what would be done

Where a new value waits that not all readers get, it is taken back everywhere. Otherwise readers get the
previous value again, after a check that it was neither retired nor revoked and is alive at the vendor (as far
as you may read it, or the vendor lists it for an admin key). The newer value stays as the previous one, so
that a second rollback goes forward again. A run that stops between two stores is finished by the next one.

Exit code: 0 done; 1 a restart needs a person; 2 there is nothing to go back to, or it is dead; 3 a store or
the vendor refused or gave no answer; 4 somebody else changed the secret at the same time; 130 Ctrl-C.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.cli.one_key import add_key, add_the_rest, open_scene
from keyplan.cli.output import result
from keyplan.cli.rotate import run_if_asked
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan rollback`."""
    add_key(parser, "rollback")
    parser.add_argument(
        "--unverified",
        action="store_true",
        help="go back where the vendor gives no answer; never to a dead value",
    )
    parser.add_argument(
        "--restart", action="store_true", help="run the commands that make consumers read the value anew"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    add_the_rest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Go back, print, and return the exit code."""
    scene = open_scene(arguments, "rollback", stdin_allowed=True)

    from keyplan.restarts.commands import restarts_of
    from keyplan.rotation.forms import rollback_document, rollback_text
    from keyplan.rotation.returning import roll_back

    try:
        went = roll_back(scene, unverified=arguments.unverified, dry_run=arguments.dry_run)
    finally:
        scene.road.close()
    has_changed = bool(went.served) and not went.dry_run
    restarts = restarts_of(scene.manifest, scene.key.name, scene.now()) if has_changed else []
    ran = run_if_asked(restarts, asked=arguments.restart)
    told = (went, scene.manifest, scene.key, restarts, ran)
    as_json = arguments.format == "json"
    result(json.dumps(rollback_document(*told), indent=2) if as_json else rollback_text(*told))
    return EXIT_FINDINGS if any(each.failure for each in ran) else EXIT_DONE
