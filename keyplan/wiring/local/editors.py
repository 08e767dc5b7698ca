"""What editors make of text in their JSON: both replace `${…}`, and neither has a way to write one.

Source: Dev Container metadata reference, "Variables in devcontainer.json" (containers.dev); VS Code,
"Variables reference" (code.visualstudio.com); checked 2026-11-21.
"""

from __future__ import annotations

from keyplan.manifest.model import ManifestConsumer
from keyplan.wiring.consumers import refused, require_distinct
from keyplan.wiring.local.starting import MANIFEST_VARIABLE, Start

_REPLACED = "${"


def environment(consumer: ManifestConsumer, start: Start, manifest_path: str) -> dict[str, str]:
    """The variables for terminals and programs that an editor starts.

    Raises:
        UsageError: a plain variable that the editor would change.
        ManifestError: a plain variable in the place of the manifest's path.
    """
    require_distinct(consumer, [*start.plain, MANIFEST_VARIABLE])
    for name, value in start.plain.items():
        if _REPLACED in value:
            raise refused(consumer, name, "the editor would replace `${…}` in it")
    path = {MANIFEST_VARIABLE: manifest_path} if start.keys else {}
    return start.plain | path
