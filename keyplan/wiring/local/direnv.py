"""The direnv target: an .envrc, which direnv runs in bash when somebody enters the folder.

No key is in it and none is exported: direnv gives what it exports to every program that is started below the
folder. The manifest's path is, so that `keyplan exec` there means this environment. Functions do not come
out of an .envrc, so that there is none here.
Source: direnv-stdlib(1) and direnv(1) (direnv.net, checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import require_distinct
from keyplan.wiring.local.starting import MANIFEST_VARIABLE, beginning, each_key, start_of
from keyplan.wiring.syntax import shell


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The .envrc.

    Raises:
        UsageError: a plain variable that no shell can export.
        ManifestError: as `start_of`; a plain variable in the place of the manifest's path.
    """
    start = start_of(manifest, consumer)
    require_distinct(consumer, [*start.plain, MANIFEST_VARIABLE])
    heading = [
        f"Variables of {consumer.name} in {manifest.environment}, for .envrc; no value of a key is in here.",
        "Run `direnv allow` after a change.",
    ]
    lines = beginning(consumer, start, heading, shell)
    if start.keys:
        place = start.path("$HOME")
        command = f"keyplan exec --consumer {consumer.name} -- PROGRAM"
        lines += [
            shell.comment(f"{each_key(start.keys, consumer.cloud)}\nA program with the keys: {command}"),
            f'export {MANIFEST_VARIABLE}="{place}"',
        ]
    return "\n".join(lines) + "\n"
