"""The Compute Engine target: a start script that puts the keys into one program's environment.

A script, because a virtual machine has no place that reads a secret for a program: the metadata server gives
the access token of its service account, and `sh`, `curl` and `base64` do the rest. The values are in no file
and no argument. systemd starts a program through it.

Source: Compute Engine, "Authenticate applications with service accounts" (the metadata server's `token`, the
header Metadata-Flavor); Secret Manager API, projects.secrets.versions.access; checked 2026-11-21.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import refused
from keyplan.wiring.federation.machines import kept_fresh
from keyplan.wiring.gcp.reader import account_of, plain_of, store_url, versions_of

OWN_PREFIX = "keyplan_"  # of the script's own variables
# `sed` reads JSON here: Base64 and a token have no quotation mark, so that nothing can be cut wrongly.
# GCE_METADATA_HOST is what Google's own libraries look at too.
_START = """\
set -eu
[ "$#" -gt 0 ] || { echo "usage: $0 PROGRAM [ARGUMENT...]" >&2; exit 2; }
keyplan_get() { # URL; a header comes in by the pipe: an argument would stand in the list of processes
  curl --silent --show-error --fail --max-time 30 --retry 3 --header @- "$1"
}
keyplan_machine="http://${GCE_METADATA_HOST:-metadata.google.internal}/computeMetadata/v1/instance"
"""
_READ = """\
keyplan_token="$(echo 'Metadata-Flavor: Google' |
  keyplan_get "$keyplan_machine/service-accounts/$keyplan_account/token" |
  sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p')"
[ -n "$keyplan_token" ] || { echo "$0: this machine does not run as $keyplan_account" >&2; exit 1; }
keyplan_read() { # variable, version of a secret
  encoded="$(printf 'Authorization: Bearer %s\\n' "$keyplan_token" |
    keyplan_get "$keyplan_url/v1/${2}:access" |
    sed -n 's/.*"data": *"\\([A-Za-z0-9+/=]*\\)".*/\\1/p')"
  [ -n "$encoded" ] || { echo "$0: $1 was not read: no access to $2, or no value there" >&2; exit 1; }
  printf %s "$encoded" | base64 -d
}
"""


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The script.

    Raises:
        UsageError: a variable that it cannot hold.
        ManifestError: the consumer has no service account.
    """
    account, versions, plain = account_of(consumer), versions_of(manifest, consumer, pins), plain_of(consumer)
    for name in (*plain, *(version.env_var for version in versions)):
        if name.startswith(OWN_PREFIX):
            raise refused(consumer, name, "the start script has variables of that prefix itself")
    lines = [
        "#!/bin/sh",
        *_heading(manifest, consumer, account),
        f"keyplan_account={shlex.quote(account)}",
        *([f"keyplan_url={shlex.quote(store_url(manifest))}"] if versions else []),
        _START.rstrip(),
        *([_READ.rstrip()] if versions else []),
    ]
    for version in versions:
        call = shlex.join(["keyplan_read", version.env_var, version.name])
        lines += [f'{version.env_var}="$({call})"', f"export {version.env_var}"]
    for name, value in plain.items():
        lines += [f"{name}={shlex.quote(value)}", f"export {name}"]
    return "\n".join([*lines, kept_fresh(consumer) + 'exec "$@"\n'])


def _heading(manifest: Manifest, consumer: ManifestConsumer, account: str) -> list[str]:
    if not consumer.keys:
        return [
            f"# Starts {consumer.name} in {manifest.environment} on a virtual machine that runs as",
            f"# {account}. It reads no key; put it before the command of a service.",
        ]
    path = f"/usr/local/bin/{consumer.name}-with-keys"
    return [
        f"# Keys of {consumer.name} in {manifest.environment}, for a virtual machine that runs as",
        f"# {account} (access scope cloud-platform).",
        "# No value is in here: they are read when the program starts, and are in its environment alone.",
        f"# Put it at {path}, mode 0755, and start a service through it (systemctl edit UNIT):",
        "#   [Service]",
        "#   ExecStart=",
        f"#   ExecStart={path} PROGRAM ARGUMENT",
        "# After `keyplan put`: systemctl restart UNIT",
    ]
