"""The shell target: `eval "$(keyplan wire shell CONSUMER)"` in sh, bash, dash, ksh or zsh.

It sets the plain variables, takes away what would win over a key, and defines one function that starts a
program with the keys. It exports no key: every program that the shell starts would have it, and no rotation
would reach it. The first line is a comment, so that an `eval` without its quotes does nothing at all.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.local.starting import FOLDER, beginning, each_key, start_of
from keyplan.wiring.syntax import shell

FUNCTION = "with_keys"


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The commands.

    Raises:
        UsageError: a plain variable that no shell can export.
        ManifestError: as `start_of`.
    """
    start = start_of(manifest, consumer)
    heading = [
        f"Variables of {consumer.name} in {manifest.environment}; no value of a key is in here.",
        f'eval "$(keyplan wire shell {consumer.name})"',
    ]
    if start.keys:
        heading += [
            f"{FUNCTION} PROGRAM starts a program with the keys; its manifest, which holds no value either:",
            f"mkdir -p ~/{FOLDER}; pulumi stack output manifest --json > {start.path('~')}",
        ]
    lines = beginning(consumer, start, heading, shell)
    if start.keys:
        command = start.command('"$@"')
        lines += [
            shell.comment(each_key(start.keys, consumer.cloud)),
            f"{FUNCTION}() {{ {command}; }}",
        ]
    return "\n".join(lines) + "\n"
