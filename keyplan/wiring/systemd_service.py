"""The drop-in with which systemd starts a program through `keyplan exec`: what EC2 and other hosts share.

A drop-in, so that the program's own unit stays as it is; `exec`, because a host has no place that reads a
secret for a program: the values are in its process alone, and a restart has what was stored last.
Source: systemd.unit(5) (drop-ins), systemd.service(5) (an empty ExecStart= clears the list); checked
2026-11-21.
"""

from __future__ import annotations

from collections.abc import Sequence

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.local.starting import Start, each_key, each_plain, start_of
from keyplan.wiring.syntax import systemd

MANIFESTS = "/etc/keyplan"
COMMAND = "/usr/local/bin/keyplan"
_HEADING = (
    "No value is in here: they are read when the service starts,",
    "and are in the environment of its process alone.",
)


def drop_in(manifest: Manifest, consumer: ManifestConsumer, place: Sequence[str]) -> str:
    """The drop-in, with `place` as the lines that its heading begins with; what follows is on the last one.

    Raises:
        UsageError: a plain variable that no process can have, or that no unit can set.
        ManifestError: a name that no command line can hold as it is, or a key that the manifest lacks.
    """
    start = start_of(manifest, consumer)
    lines = _with_keys if start.keys else _without
    return "\n".join(lines(start, consumer, place)) + "\n"


def _with_keys(start: Start, consumer: ManifestConsumer, place: Sequence[str]) -> list[str]:
    file = f"{MANIFESTS}/{start.file}"
    words = ["exec", "--manifest", file, "--consumer", start.consumer, "--", "PROGRAM", "ARGUMENT"]
    heading = [
        *place[:-1],
        f"{place[-1]} {_HEADING[0]}".strip(),
        *_HEADING[1:],
        f"1. The output of `pulumi stack output manifest --json`, as {file}: it holds no value either.",
        "2. This text, as /etc/systemd/system/UNIT.service.d/keyplan.conf, with the command of the unit's",
        "   own ExecStart= in place of PROGRAM ARGUMENT; then systemctl daemon-reload.",
        "3. systemctl restart UNIT, now and after `keyplan put`.",
        each_key(start.keys, consumer.cloud),
        *(f"{name} is a plain variable, set from the manifest." for name in start.plain),
    ]
    return [
        *systemd.comment("\n".join(heading)),
        "[Unit]",
        *systemd.comment("The first read needs the network."),
        "Wants=network-online.target",
        "After=network-online.target",
        "[Service]",
        *systemd.comment("Empty first: otherwise systemd would add a second command."),
        *systemd.command(COMMAND, words),
    ]


def _without(start: Start, consumer: ManifestConsumer, place: Sequence[str]) -> list[str]:
    """A consumer that reads no key: its variables alone, and its command stays as it is."""
    heading = [
        *place,
        "1. This text, as /etc/systemd/system/UNIT.service.d/keyplan.conf; then systemctl daemon-reload.",
        "2. systemctl restart UNIT.",
    ]
    unset = [systemd.unset_environment(start.leftovers)] if start.leftovers else []
    return [
        *systemd.comment("\n".join(heading)),
        "[Service]",
        *each_plain(consumer, start.plain, systemd.environment),
        *unset,
    ]
