"""Changing a secret's aliases and annotations together, if nobody else changed the secret meanwhile.

An update sends the etag that was seen. Where the secret has another one by now, it is looked at again: the
change may have arrived although its answer was lost, or only what has nothing to do with it was changed.
Source: secretmanager v1 discovery document, Secret.etag, projects.secrets.patch (checked 2026-11-21).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile
from keyplan.stores.gcp_annotations import stages_of, with_label
from keyplan.stores.gcp_state import bare_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyplan.manifest.model import ManifestKey
    from keyplan.stores.gcp_calls import GcpCalls
    from keyplan.stores.gcp_state import GcpState
    from keyplan.stores.labels import VersionLabel

UPDATE = "secretmanager.secrets.update"
ATTEMPTS = 3


@dataclass(frozen=True)
class Change:
    """What a secret's aliases and annotations are to be."""

    aliases: Mapping[str, str]
    annotations: Mapping[str, str]


def update(
    store: GcpCalls, key: ManifestKey, seen: GcpState, change: Callable[[GcpState], Change | None]
) -> GcpState:
    """Change a secret, and return its state afterwards (aliases, annotations and etag; not its versions).

    Args:
        store: where.
        key: whose secret.
        seen: the state that the change was decided on.
        change: what to make of the state that is there; None: it is as it is to be. It raises
            ChangedMeanwhile for a state in which the change would be wrong.

    Raises:
        ChangedMeanwhile: somebody else was first; nothing was changed.
    """
    state = seen
    for attempt in range(1, ATTEMPTS + 1):
        wanted = change(state)
        if wanted is None:
            return state
        try:
            return _patch(store, key, state, wanted)
        except ChangedMeanwhile:
            if attempt == ATTEMPTS:
                raise
            state = store.glance(key)
    raise AssertionError("the last attempt returns or raises")


def _patch(store: GcpCalls, key: ManifestKey, state: GcpState, wanted: Change) -> GcpState:
    target = f"/v1/{key.on_gcp().resource}?updateMask=versionAliases,annotations"
    body = {
        "etag": state.etag,
        "versionAliases": dict(wanted.aliases),
        "annotations": dict(wanted.annotations),
    }
    after = bare_state(store.call("PATCH", target, store.subject(UPDATE, key), body))
    return replace(state, etag=after.etag, aliases=wanted.aliases, annotations=wanted.annotations)


def labelled(
    annotations: Mapping[str, str], aliases: Mapping[str, str], version: str, label: VersionLabel
) -> dict[str, str]:
    """The annotations with this label; those of versions that are on their way all stay."""
    return with_label(annotations, version, label, frozenset(stages_of(aliases).values()))


def stamp() -> str:
    """Now, as labels have it: `20261121T181500Z`."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
