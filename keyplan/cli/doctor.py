"""Say which credential Claude Code and the SDKs would use here, and what is in the way. Nothing is changed.

  keyplan doctor                                            for this folder, in this shell
  keyplan doctor --offline                                  without asking whether hosts can be reached
  keyplan doctor --project ~/src/search                     for another folder
  keyplan doctor --format json                              the same for programs

Looks at the environment, the settings of Claude Code (managed, user, project, local) and of VS Code, shell
profiles, .envrc, .env, .env.local, devcontainer.json and what starts a project's programs (Makefile,
package.json, compose.yaml, …). Each finding names the file and the line. No value is ever printed, only what
kind it is: API key, Admin API key, OAuth token, unknown.

Then it follows what is set: whether a login, a profile or an identity token is there and has not expired, and
whether the host that each client would go to can be reached, by the client's own proxy and certificates, and
has the same time. That sends `HEAD /` and no credential, to Anthropic or to the gateway or cloud that the
settings name, and takes 5 seconds at most; --offline leaves it out.

At the end stands the way back to clean: what to unset and which lines to take out, until Claude Code uses
its login again.

Exit code: 0 nothing is in the way, 1 there are findings, 2 wrong use.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from keyplan.doctor.model import Answer, Diagnosis

NOTHING_FOUND = "--project names no folder that can be read"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan doctor`."""
    parser.add_argument(
        "--project",
        metavar="DIRECTORY",
        type=Path,
        default=Path(),
        help="the folder in which Claude Code or the program is started (default: this one)",
    )
    parser.add_argument("--offline", action="store_true", help="do not ask whether hosts can be reached")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Look, print, and return the exit code."""
    from keyplan.doctor.forms import as_document, as_text

    if not arguments.project.is_dir():
        raise UsageError(NOTHING_FOUND)
    diagnosis = diagnose(arguments.project.absolute(), arguments.offline)
    as_json = arguments.format == "json"
    sys.stdout.write(json.dumps(as_document(diagnosis), indent=2) + "\n" if as_json else as_text(diagnosis))
    return EXIT_FINDINGS if diagnosis.findings else EXIT_DONE


def diagnose(project: Path, offline: bool) -> Diagnosis:
    """What is set, what it leads to, what the hosts say, and what follows from all of it."""
    from keyplan.doctor.examining import conclude, look
    from keyplan.doctor.following import follow, is_trusted
    from keyplan.doctor.model import Evidence
    from keyplan.doctor.places import files, litellm, shown

    home = Path(os.path.expanduser("~"))
    own_config = os.environ.get("CLAUDE_CONFIG_DIR")
    config = Path(own_config or home / ".claude")
    anthropic = Path(os.environ.get("ANTHROPIC_CONFIG_DIR") or home / ".config" / "anthropic")
    login = config / ".credentials.json"
    there = shown(login, home, "~") if _exists(login) else None
    seen = look(os.environ, files(home, project, config, anthropic), there)
    more, stored = follow(seen.settings, home, os.environ, login)
    answers: tuple[Answer, ...] = ()
    if not offline:
        from keyplan.doctor.network import destinations
        from keyplan.doctor.probing import ask

        answers = ask(destinations([*seen.settings, *more]))
    trusted = is_trusted(seen.settings, home, project, Path(own_config) if own_config else None)
    evidence = Evidence(time.time(), more, stored, answers, trusted)
    return conclude(seen, litellm(project, os.environ), evidence)


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
