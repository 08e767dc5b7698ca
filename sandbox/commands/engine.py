"""Say which of Pulumi's engines the sandbox runs, and get one if there is none.

The first that works of these is used: `pulumi` on PATH, the one in ~/.pulumi/bin, keyplan's own copy in the
cache. --obtain gets that copy when there is none at all: with Pulumi's own installer, or built from its
published sources with Go, which takes about six minutes once. It is kept outside the project, for every
checkout; a second --obtain does nothing.
"""

from __future__ import annotations

import argparse
import os

from keyplan.errors import EXIT_DONE
from sandbox.pulumi_cli.find import engine_missing, search
from sandbox.report import note, say


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox engine`."""
    parser.add_argument("--obtain", action="store_true", help="get an engine if this machine has none")


def run(arguments: argparse.Namespace) -> int:
    """Print which engine is used. Raises KeyplanError (exit code 3) when there is none."""
    if arguments.obtain:
        from sandbox.pulumi_cli.obtain import obtain_engine

        obtain_engine(os.environ, note)
    found = search(os.environ)
    if found.engine is None:
        raise engine_missing(found.passed_over)
    host = found.engine.language_host
    say(
        f"pulumi {found.engine.version}: {found.engine.origin}",
        f"  {found.engine.binary}",
        f"  runs Python with {host or 'the language host of the sandbox, since it has none of its own'}",
    )
    for one in found.passed_over:
        say(f"  passed over: {one}")
    return EXIT_DONE
