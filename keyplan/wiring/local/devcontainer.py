"""The devcontainer target: part of devcontainer.json, for an editor or the devcontainer command.

The manifest, which holds no value, is mounted, and `keyplan exec` inside the container reads with the
credentials that somebody has there. `${localEnv:ANTHROPIC_API_KEY}` would hand over a value from outside, but
is blank wherever the editor was not started with it, and a blank key is worse than none. remoteEnv, because
containerEnv would stand in the container's own configuration; and no leftover is set to null in it, as its
schema allows: the devcontainer command would give the program the word `null`. `keyplan exec` removes them.
Source: Dev Container metadata reference (containers.dev/implementors/json_reference) and its JSON schema in
github.com/devcontainers/spec; devcontainers/cli, variableSubstitution.ts (a missing variable becomes empty)
and its release 0.89.0 (`docker exec -e NAME=null`); checked 2026-11-21.
"""

from __future__ import annotations

from typing import Any

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.local.editors import environment
from keyplan.wiring.local.starting import FOLDER, start_of
from keyplan.wiring.syntax import json

INSIDE = "/etc/keyplan"


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The part as JSON.

    Raises:
        UsageError: a plain variable that no process can have, or that would be changed.
        ManifestError: as `start_of`; a plain variable in the place of the manifest's path.
    """
    start = start_of(manifest, consumer)
    document: dict[str, Any] = {"remoteEnv": environment(consumer, start, f"{INSIDE}/{start.file}")}
    if start.keys:
        mount = f"type=bind,source=${{localEnv:HOME}}/{FOLDER},target={INSIDE},readonly"
        document = {"mounts": [mount], **document}
    return json.render(document)
