"""Shutting a version on AWS: its end is written on its label, and readers who ask for a stage no longer get
its value.

AWSCURRENT cannot be taken away, only moved, so a leaked current value is replaced by a tombstone: a version
that says when, in place of a value. Whoever may read can still read a version by its id, which is why a value
is deactivated at its vendor first.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile
from keyplan.stores.aws_labels import OPERATION, Labels, holder
from keyplan.stores.aws_versions import CURRENT, PREVIOUS
from keyplan.stores.error_words import not_retirable
from keyplan.stores.labels import NOTHING, PENDING, REVOKED, VersionLabel, parse
from keyplan.stores.stored_value import tombstone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keyplan.manifest.model import ManifestKey
    from keyplan.stores.aws_calls import AwsCalls
    from keyplan.stores.aws_versions import AwsState


def shut(store: AwsCalls, key: ManifestKey, state: AwsState, version_id: str, fate: str, at: str) -> None:
    """Shut one version; a second call goes on where the first one stopped.

    Readers are sent away first, because that is what counts; until the label says so too, a second call finds
    the version by its fingerprint.
    """
    labels = Labels(store, key)
    found, older = labels.now(), None
    if CURRENT in found.get(version_id, ()):
        if fate != REVOKED:
            raise not_retirable(store.subject(OPERATION, key), version_id)
        # What was previous before may be alive, and is what a rollback can go to.
        older = holder(found, PREVIOUS)
        _replace(store, key, labels, state, version_id, at)
        found = labels.now()
    mine = found.get(version_id)
    if mine is None:
        return  # deprecated: no reader is sent to it, and there is no label of which more could be said
    _write(labels, found, version_id, fate, at)  # before the others go: without any label it is deprecated
    if PREVIOUS in mine:
        labels.pass_previous_on(version_id, older)
    if PENDING in mine:
        labels.take(PENDING, version_id)


def _replace(
    store: AwsCalls, key: ManifestKey, labels: Labels, state: AwsState, version_id: str, at: str
) -> None:
    """Send readers to a tombstone."""
    labels.make_room(state.labels)
    # The same one in a second call with the same moment.
    stone = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{key.on_aws().arn}#{version_id}@{at}"))
    store.call(
        "PutSecretValue",
        key,
        ClientRequestToken=stone,
        SecretString=tombstone(at),
        VersionStages=[str(VersionLabel(None, store.caller(), None, REVOKED, at))],
    )
    try:
        labels.serve(stone, version_id)
    except ChangedMeanwhile:
        found = labels.now()
        if CURRENT in found.get(version_id, ()):
            raise
        for label in found.get(stone, ()):  # somebody promoted another value: no tombstone is needed
            labels.take(label, stone)


def _write(labels: Labels, found: Mapping[str, Sequence[str]], version_id: str, fate: str, at: str) -> None:
    label = parse(found[version_id]) or VersionLabel(None, NOTHING)
    if label.fate in (fate, REVOKED):
        label = label.became(label.fate, label.at or at)  # the first date counts, and a leak is never undone
    else:
        label = label.became(fate, at)
    labels.rewrite(version_id, label, found)
