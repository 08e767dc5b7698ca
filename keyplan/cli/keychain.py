"""Keep values of keys in this machine's keychain, for a developer who has no access to the cloud.

  keyplan keychain put anthropic            asks for the value, and does not show it
  printf %s "$KEY" | keyplan keychain put anthropic
  keyplan keychain list                     which keys of the environment it holds
  keyplan keychain delete anthropic

Then `keyplan exec --from keychain -- PROGRAM` and `keyplan key-helper --from keychain` read there, and no
cloud is asked. The value is the developer's own, of a key that was made for one person: what is in a keychain
is not seen by `keyplan status`, and a rotation does not reach it; put the new value in again.

The value is never an argument. It is checked against the vendor's form, and stored under the service
`keyplan` with the name ENVIRONMENT/KEY; it is shown nowhere, and the operating system decides who may read
it. A second `put` replaces the value, a second `delete` finds nothing and succeeds. An Admin API key is
refused: it manages the organization.

Needs the library keyring (pip install 'keyplan[keychain]') and a keychain: of macOS, GNOME (Secret Service)
or KDE. A backend of keyring's that writes a file is refused.

Exit code: 0 done; 2 wrong use, or there is no keychain; 3 the keychain refused; 130 Ctrl-C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.cli.arguments import Parser, add_environment
from keyplan.cli.one_key import key_named, refuse_value_as_name, value_as_argument
from keyplan.cli.output import reporter, result
from keyplan.errors import EXIT_DONE, Interrupted, UsageError
from keyplan.keychain.opening import item_name, open_keychain
from keyplan.manifest.model import Manifest
from keyplan.manifest.sources import load

if TYPE_CHECKING:
    import argparse

    from keyplan.keychain.opening import Keychain
    from keyplan.manifest.model import ManifestKey
    from keyplan.secret_value import SecretValue

ACTIONS = ("put", "list", "delete")
MANAGES_THE_ORGANIZATION = "anthropic-admin"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan keychain`."""
    if isinstance(parser, Parser):
        parser.not_understood = value_as_argument("keychain put")
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument(
        "key", metavar="KEY", nargs="?", help="the key's name in the catalogue, as in `anthropic`"
    )
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say what was done."""
    _check_arguments(arguments.action, arguments.key)
    manifest = Manifest.from_document(
        load(arguments.manifest, arguments.stack, report=reporter(arguments.verbose))
    )
    if arguments.action == "list":
        result(_table(manifest, open_keychain()))
        return EXIT_DONE
    key = key_named(manifest, arguments.key, f"keychain {arguments.action}")
    try:
        words = (_put if arguments.action == "put" else _delete)(manifest, key)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was changed", at_prompt=True) from None
    result(f"{_which(manifest, key)}: {words}")
    return EXIT_DONE


def _check_arguments(action: str, key: str | None) -> None:
    if action == "list":
        if key is not None:
            raise UsageError("`keyplan keychain list` shows every key of the environment: it takes no name")
        return
    if key is None:
        raise UsageError(
            f"`keyplan keychain {action}` needs the name of a key", "keyplan keychain list shows them"
        )
    refuse_value_as_name(key, f"keychain {action}")


def _put(manifest: Manifest, key: ManifestKey) -> str:
    """The keychain is opened first: whoever is asked for a value should not hear afterwards that there is
    none.
    """
    from keyplan.intake import from_input, from_prompt
    from keyplan.storing.steps import fingerprint_of
    from keyplan.terminal import hidden_line, is_at_terminal, standard_input
    from keyplan.vendors import vendor_named

    if key.vendor == MANAGES_THE_ORGANIZATION:
        raise UsageError(
            f"{key.name} is an Admin API key: it manages the organization, and stays in the cloud's store",
            f"keyplan put {key.name}",
        )
    keychain = open_keychain()
    if is_at_terminal():
        value = from_prompt(hidden_line(f"value of {_which(manifest, key)}, not shown: "))
    else:
        value = from_input(standard_input())
    vendor_named(key.vendor).check(value.reveal(), key.value_format)
    keychain.store(_item(manifest, key), value)
    fingerprint = fingerprint_of(value)
    return f"stored in the keychain ({keychain.title})" + (
        f", fingerprint {fingerprint}" if fingerprint else ""
    )


def _delete(manifest: Manifest, key: ManifestKey) -> str:
    keychain = open_keychain()
    found = keychain.delete(_item(manifest, key))
    return f"deleted from the keychain ({keychain.title})" if found else "was not in the keychain"


def _table(manifest: Manifest, keychain: Keychain) -> str:
    """Each key, and whether it is there: the fingerprint is the one that `keyplan history` shows."""
    if not manifest.keys:
        return f"{manifest.environment} has no keys"
    width = max(map(len, manifest.keys))
    rows = [
        f"  {key.name:<{width}}  {_held(keychain.read(_item(manifest, key)))}"
        for key in manifest.keys.values()
    ]
    return "\n".join(
        [f"keys of environment {manifest.environment} in the keychain ({keychain.title})", *rows]
    )


def _held(value: SecretValue | None) -> str:
    from keyplan.storing.steps import fingerprint_of

    if value is None:
        return "not there"
    fingerprint = fingerprint_of(value)
    return f"there, fingerprint {fingerprint}" if fingerprint else "there"


def _item(manifest: Manifest, key: ManifestKey) -> str:
    return item_name(manifest.environment, key.name, key.base_url)


def _which(manifest: Manifest, key: ManifestKey) -> str:
    return f"key {key.name} of environment {manifest.environment}"
