"""The Cloud Run target with files: each key is a file, and a program that opens it again has a new value.

One folder a key, because a folder can show one secret only.
Source: Cloud Run Admin API v1, its discovery document: SecretVolumeSource, KeyToPath.key (a number or an
alias); Cloud Run documentation, "Configure secrets" ("Reading a volume always fetches the secret value from
Secret Manager"); checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.gcp.cloud_run import environment, resource, secret_names
from keyplan.wiring.gcp.reader import MOUNT_FOLDER, KeyVersion, file_variables, label, plain_of, versions_of
from keyplan.wiring.syntax.yaml import Node, Noted

_ROTATION = "Fetched whenever the program opens the file: what `keyplan put` stored needs no deployment."
_PINNED = "Pinned: after `keyplan put`, name the new version here and deploy."


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The fragment with files.

    Raises:
        UsageError: a variable that Cloud Run would refuse.
        ManifestError: the consumer has no service account.
    """
    versions = versions_of(manifest, consumer, pins)
    names = secret_names(manifest, consumer, versions)
    paths = {version.key: f"{_folder(version)}/{version.env_var}" for version in versions}
    variables = plain_of(consumer) | file_variables(consumer, versions, paths)
    mounts: list[Node] = [{"name": label(version.key), "mountPath": _folder(version)} for version in versions]
    volumes: list[Node] = [_volume(version, names[version.key]) for version in versions]
    container: dict[str, Node] = {"env": environment(consumer, variables), "volumeMounts": mounts}
    return resource(manifest, consumer, versions, container, {"volumes": volumes})


def _folder(version: KeyVersion) -> str:
    return f"{MOUNT_FOLDER}/{label(version.key)}"


def _volume(version: KeyVersion, name: str) -> Node:
    item: Node = {"key": version.version, "path": version.env_var}
    volume: Node = {"name": label(version.key), "secret": {"secretName": name, "items": [item]}}
    return Noted(_PINNED if version.is_pinned else _ROTATION, volume)
