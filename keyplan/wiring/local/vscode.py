"""The vscode target: settings for the terminals of VS Code, for .vscode/settings.json or one's own settings.

The manifest's path is set, so that `keyplan exec` in such a terminal means this environment; no key is. The
extension of Claude Code reads the settings of Claude Code itself: the claude-code target.
Source: VS Code, "Terminal profiles" and the descriptions of terminal.integrated.env.* (null takes a variable
away), code.visualstudio.com; checked 2026-11-21.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.local.editors import environment
from keyplan.wiring.local.starting import start_of
from keyplan.wiring.syntax import json

SYSTEMS = ("linux", "osx")  # where the command runs


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The settings as JSON.

    Raises:
        UsageError: a plain variable that no process can have, or that would be changed.
        ManifestError: as `start_of`; a plain variable in the place of the manifest's path.
    """
    start = start_of(manifest, consumer)
    variables = {
        **dict.fromkeys(start.leftovers),  # null takes a variable away
        **environment(consumer, start, start.path("${env:HOME}")),
    }
    return json.render({f"terminal.integrated.env.{system}": variables for system in SYSTEMS})
