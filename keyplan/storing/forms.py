"""What `keyplan put` prints when it has stored a value: as text for a person, or as JSON. Pure.

An environment that is on AWS alone is told without a word about clouds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyplan.stores.base import CLOUD_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.storing.steps import Stored

FORMAT = "keyplan-put/1"
# Runtimes that hand a value to a program once, when it starts.
READ_AT_START = {
    "ecs": "ECS tasks read when they start: redeploy them to use the new value",
    "cloud-run": "Cloud Run instances read when they start: deploy a new revision to use the new value",
}
WIDTH = 12


def as_document(
    stored: Sequence[Stored], manifest: Manifest, key: ManifestKey, *, dry_run: bool
) -> dict[str, Any]:
    """What `--format json` prints (docs/commands.md). The fields of one cloud are those of the first."""
    first = stored[0]
    entries = [_entry(each, key) for each in stored]
    aws, gcp = manifest.aws, manifest.gcp
    return {
        "format": FORMAT,
        "environment": manifest.environment,
        "key": key.name,
        "secret": entries[0]["secret"],
        "versionId": first.version_id,
        "fingerprint": first.fingerprint,
        "storedBy": first.stored_by,
        "previousVersionId": first.previous_version_id,
        "accountId": aws.account_id if aws else None,
        "region": aws.region if aws else None,
        **({} if gcp is None else {"projectId": gcp.project_id}),
        "endpoint": first.store.place.endpoint_url,
        "readers": list(manifest.readers_of(key.name)),
        "dryRun": dry_run,
        **({} if gcp is None else {"clouds": entries}),
    }


def _entry(stored: Stored, key: ManifestKey) -> dict[str, Any]:
    cloud = stored.store.cloud
    return {
        "cloud": cloud,
        "secret": key.on_gcp().name if cloud == "gcp" else key.on_aws().name,
        "versionId": stored.version_id,
        "storedBy": stored.stored_by,
        "previousVersionId": stored.previous_version_id,
        "endpoint": stored.store.place.endpoint_url,
        "wasThere": stored.was_there,
    }


def as_text(document: dict[str, Any], stored: Sequence[Stored], manifest: Manifest) -> str:
    """The same for a person."""
    done = "checked, and did not store," if document["dryRun"] else "stored"
    lines = [f"{done} a value for key {document['key']} of environment {document['environment']}"]
    fingerprint = {"fingerprint": document["fingerprint"] or "none: the value is too short for one"}
    readers = [f"{name} ({manifest.consumers[name].runtime})" for name in document["readers"]]
    read_by = {"read by": ", ".join(readers) or "no consumer of the catalogue"}
    if len(stored) == 1:
        where, which = _place_rows(document, stored[0])
        lines += _rows({**where, **fingerprint, **which, **read_by})
    else:
        lines += _rows({**fingerprint, **read_by})
        for each, entry in zip(stored, document["clouds"], strict=True):
            lines.append(f"on {CLOUD_NAMES[each.store.cloud]}{', where it was already' * each.was_there}")
            where, which = _place_rows({**document, **entry}, each)
            lines += _rows({**where, **which})
    if not document["dryRun"]:
        runtimes = {manifest.consumers[name].runtime for name in document["readers"]}
        lines += [f"  {words}" for runtime, words in READ_AT_START.items() if runtime in runtimes]
    return "\n".join(lines)


def _place_rows(document: dict[str, Any], stored: Stored) -> tuple[dict[str, str], dict[str, str]]:
    kind, _, place = stored.store.place.title.partition(" ")
    where = {"secret": document["secret"], "version": document["versionId"] or "none: a dry run"}
    which = {kind: place, "stored by": document["storedBy"]}
    if not stored.was_there:
        which["previous"] = document["previousVersionId"] or "none: this is the first value"
    return where, which


def _rows(rows: dict[str, str]) -> list[str]:
    return [f"  {name:<{WIDTH}} {text}" for name, text in rows.items()]
