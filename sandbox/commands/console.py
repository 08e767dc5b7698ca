"""Do what a person does at the vendor's console: make a key, see the keys, use one, end one.

The sandbox has a vendor of its own, whose keys open nothing anywhere else. `create` prints the new key's
value, alone and this once, so that it can go on: python -m sandbox console create NAME | keyplan rotate KEY.
`use` counts as messages that were answered, which `keyplan status --usage` shows. `deactivate` ends a key at
once; a second time it says that it is ended. A NAME may be an id too, as `list` shows it. The vendor knows
its keys again after `down` and `up`, and keeps no value.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keyplan.cli.arguments import Parser
from keyplan.cli.output import result
from keyplan.durations import ALLOWED, Duration
from keyplan.errors import EXIT_DONE, UsageError
from sandbox.project import find_project
from sandbox.report import count, note, say
from sandbox.server.client import ServerClient
from sandbox.server.lifecycle import require_server
from sandbox.server.record import ServerRecord
from sandbox.vendor_server.keys import Kind
from sandbox.vendor_server.world import DEFAULT_WORKSPACE

HELP = "python -m sandbox console --help"
NAME_LENGTH_MAX = 200
WORKSPACE_ID = re.compile(r"wrkspc_[A-Za-z0-9]{1,64}")
WORKSPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,63}")
MOST_USES = 100_000
# A name is no place for a value; whoever pastes one should hear of it.
LIKE_A_VALUE = re.compile(r"sk-ant-|[A-Za-z0-9_-]{80}")
# Which option stands for a kind.
OPTIONS_OF_KINDS = {Kind.ADMIN: "admin", Kind.GATEWAY: "gateway", Kind.GENERIC: "token"}
Action = Callable[[ServerRecord, argparse.Namespace], None]
KINDS = {
    Kind.API: "API key",
    Kind.ADMIN: "Admin API key",
    Kind.GATEWAY: "gateway token",
    Kind.GENERIC: "token",
}


class _ActionParser(Parser):
    """The parser of one action; argparse makes it with arguments of its own."""

    def __init__(self, *, prog: str, description: str, **_: Any) -> None:
        super().__init__("", description)
        self.prog = prog


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox console`."""
    actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=_ActionParser)
    create = _add(actions, "create", _create, "make a key, and print its value this once")
    create.add_argument(
        "--workspace",
        metavar="WORKSPACE",
        help="where the key belongs, a name or wrkspc_… (default: the organization's default one), or `none` "
        "for a key of the whole organization",
    )
    create.add_argument("--expires", metavar="TIME", help="when it ends by itself, as in 30d")
    kind = create.add_mutually_exclusive_group()
    kind.add_argument("--admin", action="store_true", help="an Admin API key")
    kind.add_argument("--gateway", action="store_true", help="a token of the sandbox's gateway")
    kind.add_argument("--token", action="store_true", help="a token of any other vendor")
    _add(actions, "list", _list, "show the keys, the newest first")
    use = _add(actions, "use", _use, "send messages with a key")
    use.add_argument("--times", metavar="NUMBER", default="1", help="how many (default: 1)")
    use.add_argument("--workspace", metavar="WORKSPACE", help="where a key of the whole organization is used")
    _add(actions, "deactivate", _deactivate, "end a key")


def _add(actions: Any, name: str, action: Action, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=summary, description=f"{summary.capitalize()}."
    )
    if name != "list":
        parser.add_argument("name", metavar="NAME", help="what the key is called at the vendor")
    parser.set_defaults(action=action)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do one thing at the vendor's console."""
    action: Action = arguments.action
    action(require_server(find_project(Path.cwd())), arguments)
    return EXIT_DONE


def _create(record: ServerRecord, arguments: argparse.Namespace) -> None:
    name = arguments.name
    if LIKE_A_VALUE.search(name):
        raise UsageError("that looks like a value; the name says what a key is for", HELP)
    if not name.isprintable() or not 1 <= len(name) <= NAME_LENGTH_MAX or name != name.strip():
        raise UsageError(f"a name has 1 to {NAME_LENGTH_MAX} characters, without line breaks", HELP)
    kinds = [kind for kind, option in OPTIONS_OF_KINDS.items() if getattr(arguments, option)]
    kind = kinds[0] if kinds else Kind.API
    workspace = DEFAULT_WORKSPACE if arguments.workspace is None else workspace_id(arguments.workspace)
    answer = _ask(
        record,
        "create",
        name=name,
        kind=kind.value,
        workspace=workspace,
        expires_in_seconds=None if arguments.expires is None else _span(arguments.expires),
    )
    note(f"{KINDS[kind]} {name}, {_details(answer['key'])}", *_what_for(record, kind))
    result(answer["value"])
    note("the line above is its value; nobody shows it again, and it opens nothing outside of this sandbox")


def _list(record: ServerRecord, arguments: argparse.Namespace) -> None:
    answer = _ask(record, "list")
    organization = answer["organization"]
    say(f"{organization['name']}, {organization['id']}, at {record.vendor_url}")
    if not answer["keys"]:
        say("it has no keys yet: python -m sandbox console create NAME")
        return
    rows: list[tuple[str, ...]] = [
        ("NAME", "STATUS", "HINT", "WORKSPACE", "CREATED", "EXPIRES", "LAST USED", "ID")
    ]
    rows += [_row(key) for key in answer["keys"]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    say(
        *(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
    )


def _use(record: ServerRecord, arguments: argparse.Namespace) -> None:
    times = arguments.times
    if not times.isascii() or not times.isdigit() or not 1 <= int(times) <= MOST_USES:
        raise UsageError(f"--times is a whole number from 1 to {MOST_USES}", HELP)
    key = _find(record, arguments.name)
    if key["kind"] == Kind.ADMIN:
        raise UsageError("an Admin API key manages the organization and sends no messages", HELP)
    if arguments.workspace is not None and key["workspace"] is not None:
        raise UsageError(f"{key['name']} belongs to a workspace, and is used there alone", HELP)
    workspace = None if arguments.workspace is None else workspace_id(arguments.workspace)
    used = _ask(record, "use", id=key["id"], times=int(times), workspace=workspace)["used"]
    if not used:
        raise UsageError(
            f"{key['name']} is {key['status']}: the vendor refuses it", "python -m sandbox console list"
        )
    say(f"{key['name']} sent {count(used, 'message', 'messages')}")


def _deactivate(record: ServerRecord, arguments: argparse.Namespace) -> None:
    key = _find(record, arguments.name)
    if key["status"] != "active":
        say(f"{key['name']} is {key['status']} already")
        return
    _ask(record, "deactivate", id=key["id"])
    say(f"{key['name']} is inactive: from now on the vendor refuses it")


def workspace_id(given: str) -> str | None:
    """The id of a workspace, always the same for a name; None for `none`. Raises UsageError."""
    if given == "none":
        return None
    if WORKSPACE_ID.fullmatch(given):
        return given
    if not WORKSPACE_NAME.fullmatch(given):
        raise UsageError("a workspace is given by a name, its id wrkspc_…, or `none`", HELP)
    return f"wrkspc_01{hashlib.sha256(given.encode()).hexdigest()[:22]}"


def _span(text: str) -> int:
    try:
        return Duration.parse(text).seconds
    except ValueError:
        raise UsageError(
            f"--expires is {ALLOWED}", "python -m sandbox console create NAME --expires 30d"
        ) from None


def _find(record: ServerRecord, name: str) -> dict[str, Any]:
    """The key of this name or id; where several have the name, the only one that is alive."""
    keys: list[dict[str, Any]] = _ask(record, "list")["keys"]
    named = [key for key in keys if name in (key["name"], key["id"])]
    alive = [key for key in named if key["status"] == "active"]
    if not named:
        raise UsageError("the vendor has no key of this name", "python -m sandbox console list")
    if len(alive) > 1 or (not alive and len(named) > 1):
        ids = ", ".join(key["id"] for key in alive or named)
        raise UsageError(
            f"{count(len(alive or named), 'key has', 'keys have')} this name: {ids}", "give the id"
        )
    return (alive or named)[0]


def _what_for(record: ServerRecord, kind: Kind) -> Sequence[str]:
    if kind is Kind.GATEWAY:
        return (f"the gateway's address, `baseUrl` in the catalogue: {record.vendor_url}/gateway",)
    if kind is Kind.GENERIC:
        return (f"where it can be checked, `checkUrl` in the catalogue: {record.vendor_url}/generic/check",)
    return ()


def _row(key: dict[str, Any]) -> tuple[str, ...]:
    name = key["name"] if key["kind"] == Kind.API else f"{key['name']} ({KINDS[Kind(key['kind'])]})"
    return (
        name,
        key["status"],
        key["hint"].removeprefix("sk-ant-"),
        _workspace(key).removesuffix(" workspace"),
        _date(key["created"]),
        _date(key["expires"]),
        _date(key["used"]),
        key["id"],
    )


def _details(key: dict[str, Any]) -> str:
    expires = "never expires" if key["expires"] is None else f"expires {_date(key['expires'])}"
    return ", ".join(part for part in (key["id"], _workspace(key), expires) if part)


def _workspace(key: dict[str, Any]) -> str:
    if key["kind"] != Kind.API:
        return ""  # the others know none
    if key["workspace"] == DEFAULT_WORKSPACE:
        return "default workspace"
    return key["workspace"] or "no workspace"


def _date(moment: float | None) -> str:
    return "never" if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"


def _ask(record: ServerRecord, action: str, **given: Any) -> dict[str, Any]:
    return ServerClient(record).ask("console", do=action, **given)
