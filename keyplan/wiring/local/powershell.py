"""The powershell target: `keyplan wire powershell CONSUMER | Out-String | Invoke-Expression`.

The same as the shell target for PowerShell: plain variables, leftovers removed, and a function that starts a
program with the keys through `keyplan exec`. No key is in `$env:`.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.local.starting import beginning, each_key, start_of
from keyplan.wiring.syntax import powershell

FUNCTION = "Invoke-WithKeys"


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The commands.

    Raises:
        UsageError: a plain variable that PowerShell cannot set.
        ManifestError: as `start_of`.
    """
    start = start_of(manifest, consumer)
    heading = [
        f"Variables of {consumer.name} in {manifest.environment}; no value of a key is in here.",
        f"keyplan wire powershell {consumer.name} | Out-String | Invoke-Expression",
    ]
    if start.keys:
        heading += [
            f"{FUNCTION} PROGRAM starts a program with the keys; its manifest, which holds no value either,",
            f"is {start.path('$HOME')}: what `pulumi stack output manifest --json` prints.",
        ]
    lines = beginning(consumer, start, heading, powershell)
    if start.keys:
        # Quoted, `--` is an argument like any other and reaches keyplan.
        place = start.path("$HOME")
        command = start.command("@args", f'"{place}"', "'--'")
        lines += [
            powershell.comment(each_key(start.keys, consumer.cloud)),
            f"function {FUNCTION} {{ {command} }}",
        ]
    return "\n".join(lines) + "\n"
