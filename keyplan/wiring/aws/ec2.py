"""The EC2 target: a drop-in with which systemd starts a program through `keyplan exec`.

A drop-in, so that the program's own unit stays as it is; `exec`, because an instance has no place that reads
a secret for a program: the instance profile's role reads when the service starts, the values are in its
process alone, and a restart has what was stored last. EnvironmentFile= would need a file with values on the
disk, and a systemd credential a copy of it that no rotation reaches.

Source: systemd.unit(5) (drop-ins), systemd.service(5) (an empty ExecStart= clears the list; `%` and `$` in
a command line); EC2 User Guide, "IAM roles for Amazon EC2"; checked 2026-11-21.
"""

from __future__ import annotations

from keyplan.errors import ManifestError
from keyplan.manifest import Manifest, ManifestConsumer
from keyplan.wiring.consumers import keys_of, plain_of, role_of

MANIFESTS = "/etc/keyplan"
COMMAND = "/usr/local/bin/keyplan"
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_HEADING = (
    "No value is in here: they are read when the service starts,",
    "and are in the environment of its process alone.",
)
_STEPS = (
    "2. This text, as /etc/systemd/system/UNIT.service.d/keyplan.conf, with the command of the unit's",
    "   own ExecStart= in place of PROGRAM ARGUMENT; then systemctl daemon-reload.",
    "3. systemctl restart UNIT, now and after `keyplan put`.",
)


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The drop-in.

    Raises:
        ManifestError: the consumer has no role, or a name that no command line can hold as it is.
    """
    for name in (manifest.environment, consumer.name):
        if not set(name) <= _PLAIN:
            raise ManifestError("the manifest has a name that is not letters, digits, `-`, `_` and `.`")
    file = f"{MANIFESTS}/{manifest.environment}.json"
    keys = keys_of(manifest, consumer)
    lines = [
        f"# Keys of {consumer.name} in {manifest.environment}, for a service on an EC2 instance that has",
        f"# {role_of(consumer)}",
        f"# as its instance profile. {_HEADING[0]}",
        *(f"# {line}" for line in _HEADING[1:]),
        f"# 1. The output of `pulumi stack output manifest --json`, as {file}: it holds no value either.",
        *(f"# {line}" for line in _STEPS),
        *(f"# {key.env_var} is the secret {key.on_aws().name}." for key in keys),
        *(f"# {name} is a plain variable, set from the manifest." for name in plain_of(consumer)),
        "[Unit]",
        "# The first read needs the network.",
        "Wants=network-online.target",
        "After=network-online.target",
        "[Service]",
        "# Empty first: otherwise systemd would add a second command.",
        "ExecStart=",
        f"ExecStart={COMMAND} exec --manifest {file} --consumer {consumer.name} -- PROGRAM ARGUMENT",
    ]
    return "\n".join(lines) + "\n"
