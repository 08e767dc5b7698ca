"""What the commands about one key share: the key that was named, its stores, and how to ask its vendor."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from keyplan.cli.arguments import Parser, add_environment, trusted_hosts
from keyplan.cli.output import reporter, say
from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.manifest.sources import load

if TYPE_CHECKING:
    import argparse

    from keyplan.manifest.model import ManifestKey
    from keyplan.rotation.scene import Scene
    from keyplan.stores.opening import Reader
    from keyplan.vendors.organization import Organization


def value_as_argument(verb: str) -> UsageError:
    """The refusal of arguments among which a value may be; nothing of them is repeated."""
    return UsageError(
        f"`keyplan {verb}` takes one argument, the key's name; a value is never an argument; nothing was "
        f"{'stored' if verb == 'put' else 'changed'}",
        "if what you typed was a value: it is in your shell's history now and was visible in the list of "
        "processes; treat that key as leaked, revoke it at the vendor and make a new one",
    )


def add_key(parser: argparse.ArgumentParser, verb: str) -> None:
    """KEY, --dry-run where the verb changes something, --format, and the environment's arguments."""
    if isinstance(parser, Parser):
        parser.not_understood = value_as_argument(verb)
    parser.add_argument("key", metavar="KEY", help="the key's name in the catalogue, as in `anthropic`")


def add_the_rest(parser: argparse.ArgumentParser) -> None:
    """--format and the environment's arguments, after the verb's own."""
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print the result (default: text)"
    )
    add_environment(parser)


def refuse_value_as_name(text: str, verb: str = "put") -> None:
    """Raise UsageError when what stands in the key's place looks like a value, or like NAME=value."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", text) is None or text.startswith("sk-"):
        raise value_as_argument(verb)


def key_named(manifest: Manifest, name: str, verb: str = "put") -> ManifestKey:
    """The key of that name. What was typed is not repeated: it may be a value."""
    if name in manifest.keys:
        return manifest.keys[name]
    near = get_close_matches(name, manifest.keys, n=1)
    known = ", ".join(manifest.keys) or "no keys"
    raise UsageError(
        f"there is no such key in environment {manifest.environment}; it has {known}",
        f"keyplan {verb} {near[0]}" if near else None,
    )


def open_scene(arguments: argparse.Namespace, verb: str, *, stdin_allowed: bool) -> Scene:
    """The key of the arguments, its stores, and how to ask its vendor.

    Raises:
        UsageError: there is no such key, or an endpoint that nobody confirmed.
        ManifestError: there is no manifest, or it has mistakes.
        StoreError: there are no credentials for a store.
    """
    refuse_value_as_name(arguments.key, verb)
    report, hosts = reporter(arguments.verbose), trusted_hosts(arguments)
    document = load(arguments.manifest, arguments.stack, report=report, stdin_allowed=stdin_allowed)
    manifest = Manifest.from_document(document)
    key = key_named(manifest, arguments.key, verb)

    from keyplan.rotation.scene import Scene
    from keyplan.stores.opening import open_reader, open_stores
    from keyplan.vendors.road import VendorRoad

    def reader_of(cloud: str) -> Reader:
        return open_reader(cloud, document, hosts, arguments.timeout, report)

    def organization() -> Organization | None:
        from keyplan.cli.admin_key import open_organization

        return open_organization(arguments, manifest, document, report)

    return Scene(
        manifest,
        key,
        open_stores(manifest, hosts, arguments.timeout, report, say),
        reader_of,
        VendorRoad(manifest, hosts, arguments.timeout, report),
        organization,
        say,
        lambda: datetime.now(UTC),
    )
