"""Secrets whose replication would change: Google cannot change it, so the secret would be made anew, empty.

A deleted secret is gone at once with all its values: Google Cloud knows no recovery window for secrets. So a
run refuses before anything is declared, unless the person names the keys. Pure.
Source: Secret Manager API v1, Secret.replication: "cannot be changed after the Secret has been created"; the
provider replaces the secret where `replication` or a location differs (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyplan.catalogue import Catalogue, GcpSettings, Key
from keyplan.errors import KeyplanError

# Not a field of the catalogue: a confirmation that stays in a file confirms what nobody looked at.
CONFIRMATION = "KEYPLAN_REPLACE_SECRETS"


@dataclass(frozen=True)
class ExistingSecret:
    """A secret that the project has already."""

    secret_id: str
    locations: tuple[str, ...]  # sorted; none: Google chooses


def confirmed_keys(text: str | None) -> frozenset[str]:
    """The names in KEYPLAN_REPLACE_SECRETS, divided by commas or spaces."""
    return frozenset((text or "").replace(",", " ").split())


def refuse_replacements(
    catalogue: Catalogue,
    settings: GcpSettings,
    existing: Mapping[str, ExistingSecret],
    confirmed: frozenset[str],
) -> None:
    """Find the keys whose secrets would be replaced.

    Args:
        existing: the environment's secrets, by id.
        confirmed: names of keys whose values may be lost.

    Raises:
        KeyplanError: there are some; it names them all, with what to do instead.
    """
    wanted = tuple(sorted(settings.replication))
    changed = [
        (key, existing[key.gcp_secret_id].locations)
        for key in catalogue.keys.values()
        if key.gcp_secret_id in existing and existing[key.gcp_secret_id].locations != wanted
    ]
    refused = [entry for entry in changed if entry[0].name not in confirmed]
    if not refused:
        return
    names = ",".join(key.name for key, _ in changed)
    one = len(refused) == 1
    raise KeyplanError(
        f"{'1 secret' if one else f'{len(refused)} secrets'} of environment {catalogue.environment} would be "
        f"replicated {_words(wanted)}, and Google never changes the replication of a secret: "
        f"{'it' if one else 'each'} would be deleted at once with every value in it, and made anew without "
        "one" + "".join(_entry(key, locations) for key, locations in refused),
        "put `gcp: {replication: …}` back; or have the new values at hand, set `keyplan:protect: false`, run "
        f"`{CONFIRMATION}={names} pulumi up`, and store them with `keyplan put` (docs/gcp.md)",
    )


def _entry(key: Key, locations: tuple[str, ...]) -> str:
    return f"\n  key {key.name}: {key.gcp_secret_id} is replicated {_words(locations)} so far"


def _words(locations: tuple[str, ...]) -> str:
    return f"in {', '.join(locations)}" if locations else "automatically"
