"""Bring a new value of a key to every reader; nobody is without a working one at any moment.

  keyplan rotate anthropic                        says what to make where, asks for it, and does not show it
  printf %s "$KEY" | keyplan rotate anthropic     takes it from standard input

The vendor gives keys to people only, so a person makes the new one; everything after that is done here: it is
checked against the vendor's form and refused where the key had it before; the vendor is asked whether it is
alive and belongs where the catalogue says (no tokens are spent); it is stored as a pending version in every
store, read back, and then promoted, store by store. What has to restart is printed, and done with --restart.
The old value goes on working until `keyplan retire KEY`, or --retire once that is safe.

A second run goes on where a first one stopped, on any machine and for anybody who may: the stores tell where
the rotation stands. What waits in every store is promoted without asking for a value; what a store lacks is
taken from another one, if you may read it, or asked for again. A value that is given must be the one that is
under way: --new begins anew with another one, --abandon takes back what waits. Of two people who rotate at
the same time one wins, and the other one is told.

--dry-run says where the rotation stands and what comes next; it checks a value on standard input, and stores
nothing.

Exit code: 0 done; 1 what waits is dead at the vendor, a rollback has to be finished first, or a restart or
the retirement needs a person; 2 the value or the arguments are wrong; 3 a store or the vendor refused or gave
no answer; 4 somebody else was faster, or began another rotation; 130 Ctrl-C.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from keyplan.cli.one_key import add_key, add_the_rest, open_scene
from keyplan.cli.output import result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, Interrupted, UsageError, ValueRejected
from keyplan.intake import from_input, from_prompt
from keyplan.terminal import hidden_line, is_at_terminal, standard_input

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from keyplan.restarts.commands import Restart
    from keyplan.restarts.running import Ran
    from keyplan.retiring.steps import Retired
    from keyplan.rotation.scene import Scene
    from keyplan.secret_value import SecretValue


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan rotate`."""
    add_key(parser, "rotate")
    parser.add_argument(
        "--new", action="store_true", help="begin with a new value, and take back what is under way"
    )
    parser.add_argument("--abandon", action="store_true", help="take back what waits, and end there")
    parser.add_argument(
        "--unverified",
        action="store_true",
        help="go on where the vendor gives no answer; never where it refuses",
    )
    parser.add_argument(
        "--restart", action="store_true", help="run the commands that make consumers read the new value"
    )
    parser.add_argument(
        "--retire", action="store_true", help="deactivate the old value too, if the rule of `retire` lets it"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what comes next, and store nothing")
    add_the_rest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Rotate, print, and return the exit code."""
    _refuse_together(arguments)
    scene = open_scene(arguments, "rotate", stdin_allowed=False)

    from keyplan.restarts.commands import restarts_of
    from keyplan.rotation.forms import rotate_document, rotate_text
    from keyplan.rotation.turning import Kind, Wishes, rotate

    wishes = Wishes(arguments.new, arguments.abandon, arguments.unverified, arguments.dry_run)
    try:
        turned = rotate(scene, wishes, _Terminal() if is_at_terminal() else _Standard())
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was stored", at_prompt=True) from None
    finally:
        scene.road.close()
    has_changed = turned.kind in (Kind.ROTATED, Kind.FINISHED)
    now = scene.now()
    restarts = restarts_of(scene.manifest, scene.key.name, now) if has_changed else []
    ran = run_if_asked(restarts, asked=arguments.restart)
    retired = _retire(scene) if arguments.retire and has_changed else []
    told = (turned, scene.manifest, scene.key, now, restarts, ran)
    if arguments.format == "json":
        result(json.dumps({**rotate_document(*told), "retired": _retired_entry(scene, retired)}, indent=2))
    else:
        result("\n".join([rotate_text(*told), *_retired_text(scene, retired)]))
    failed = any(each.failure for each in ran)
    return _retire_code(retired) or (EXIT_FINDINGS if failed else EXIT_DONE)


def _refuse_together(arguments: argparse.Namespace) -> None:
    if arguments.new and arguments.abandon:
        raise UsageError("--new and --abandon exclude each other: --new takes back what waits too")


def run_if_asked(restarts: list[Restart], *, asked: bool) -> list[Ran]:
    """Run the restarts with --restart."""
    if not asked:
        return []
    from keyplan.restarts.running import run_restarts

    return run_restarts(restarts, say)


def _retire(scene: Scene) -> list[Retired]:
    """What the rule of `keyplan retire` lets be retired now."""
    from keyplan.retiring.steps import Options, retire

    return retire(scene.stores, scene.manifest, [scene.key], scene.now(), scene.admin(), Options())


def _retired_entry(scene: Scene, retired: list[Retired]) -> dict[str, Any] | None:
    from keyplan.retiring.forms import as_document

    entries = as_document(scene.manifest, retired, dry_run=False)["keys"]
    return entries[0] if entries else None


def _retired_text(scene: Scene, retired: list[Retired]) -> list[str]:
    from keyplan.retiring.forms import as_text

    return [as_text(scene.manifest, retired, dry_run=False)] if retired else []


def _retire_code(retired: list[Retired]) -> int:
    """As `retire --due` has it: that it is too early is nothing to act on, the nightly job comes back."""
    from keyplan.cli.retire import exit_code

    return exit_code(retired, due=True)


class _Terminal:
    """A person at the terminal."""

    def given(self) -> SecretValue | None:
        """Nothing is there before somebody is asked."""
        return None

    def new(self) -> SecretValue:
        """Ask for the new key."""
        return from_prompt(hidden_line("value of the new key, not shown: "))

    def same(self) -> SecretValue:
        """Ask for the key of the rotation that is under way."""
        say("one store lacks the value, and you may not read it where it is")
        return from_prompt(hidden_line("the same value once more, not shown: "))


class _Standard:
    """Standard input, which is read once."""

    def __init__(self) -> None:
        self._value: SecretValue | None = None
        self._is_read = False

    def given(self) -> SecretValue | None:
        """The value that is on it, or None where it is empty or closed."""
        if not self._is_read:
            self._is_read = True
            content = b"" if sys.stdin is None else standard_input()
            self._value = from_input(content) if content else None
        return self._value

    def new(self) -> SecretValue:
        """The value that is on it."""
        value = self.given()
        if value is None:
            raise ValueRejected("there is no value: standard input was empty", "give the new key on it")
        return value

    def same(self) -> SecretValue:
        """Nobody can be asked."""
        raise UsageError(
            "one store lacks the value that is under way, and you may not read it where it is; nothing was "
            "changed",
            "give the same value on standard input; --new with another one begins anew, --abandon takes back "
            "what waits",
        )
