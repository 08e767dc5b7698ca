"""Bringing back a secret that is deleted, in every store. The twin of `keyplan restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyplan.errors import KeyplanError, UsageError
from keyplan.rotation.forms import secret_of
from keyplan.rotation.words import on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.stores.base import Store

FORMAT = "keyplan-restore/1"


def restore(stores: Sequence[Store], key: ManifestKey) -> dict[str, str | None]:
    """Restore the key's secret wherever it is deleted.

    Returns:
        Cloud -> what was done there, in words; None where nothing was deleted.

    Raises:
        UsageError: nothing is deleted anywhere, or the caller is of another account.
        StoreError: a store refused; the others were restored all the same.
    """
    for store in stores:
        store.caller()  # in somebody else's account nothing is done
    done: dict[str, str | None] = {}
    failures: list[KeyplanError] = []
    for store in stores:
        try:
            done[store.cloud] = store.restore_secret(key)
        except UsageError as error:
            done[store.cloud] = None
            last = error
        except KeyplanError as error:
            failures.append(error)
    if failures:
        told = "".join(f"\n{words}" for words in done.values() if words)
        raise type(failures[0])(f"{failures[0].message}{told}", failures[0].hint)
    if not any(done.values()):
        raise last if len(stores) == 1 else UsageError(f"nothing of key {key.name} is deleted")
    return done


def as_document(manifest: Manifest, key: ManifestKey, done: dict[str, str | None]) -> dict[str, Any]:
    """What `restore --format json` prints (docs/commands.md)."""
    return {
        "format": FORMAT,
        "environment": manifest.environment,
        "key": key.name,
        "clouds": [
            {"cloud": cloud, "secret": secret_of(key, cloud), "restored": words is not None, "words": words}
            for cloud, words in done.items()
        ],
    }


def as_text(manifest: Manifest, key: ManifestKey, done: dict[str, str | None]) -> str:
    """The same for a person."""
    lines = [f"key {key.name} of environment {manifest.environment}:"]
    lines += [f"  {words or 'nothing was deleted'}{on(cloud, done)}" for cloud, words in done.items()]
    return "\n".join(lines)
