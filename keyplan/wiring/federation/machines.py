"""An identity token of a service account, from Google's metadata server, for a shell script.

Google's tokens live an hour. `full`, because the federation rule compares the account's address, which is in
no other form of them.

Source: Compute Engine, "Verifying the identity of instances" (`identity`, `audience`, `format`); Claude API,
"Use WIF with Google Cloud"; checked 2026-11-21.
"""

from __future__ import annotations

from urllib.parse import quote

from keyplan.manifest.model import ManifestConsumer
from keyplan.routes import IDENTITY_TOKEN, IDENTITY_TOKEN_FILE
from keyplan.wiring.federation.tokens import audience_of, before_federation

REFRESH_SECONDS = 1800
# With `keyplan_get` and the rest of the start script.
_KEPT_FRESH = """\
keyplan_folder="$(mktemp -d)"
keyplan_identity() { # a new token in place of the old one, never half of it
  echo 'Metadata-Flavor: Google' |
    keyplan_get "$keyplan_machine/service-accounts/$keyplan_account/{path}" > "$keyplan_folder/new" &&
    mv "$keyplan_folder/new" "$keyplan_folder/token"
}
keyplan_identity || { echo "$0: this machine does not run as $keyplan_account" >&2; exit 1; }
(while sleep {seconds} && kill -0 "$$"; do keyplan_identity || :; done; rm -rf "$keyplan_folder") \\
  < /dev/null > /dev/null 2>&1 & # until the program, which takes this script's place, has ended
{unset}{name}="$keyplan_folder/token"
export {name}
"""
_ONCE = """\
{unset}{name}="$(curl --silent --show-error --fail --max-time 30 --header 'Metadata-Flavor: Google' \\
  "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/{path}")"
export {name}
"""


def kept_fresh(consumer: ManifestConsumer) -> str:
    """Lines that keep a file with a token beside the program; nothing where the route is another."""
    return _filled(_KEPT_FRESH, IDENTITY_TOKEN_FILE, consumer)


def once(consumer: ManifestConsumer) -> str:
    """Lines that put one token into a variable, for a build that is over before it ends; likewise."""
    return _filled(_ONCE, IDENTITY_TOKEN, consumer)


def _filled(template: str, name: str, consumer: ManifestConsumer) -> str:
    audience = audience_of(consumer)
    if audience is None:
        return ""
    removed = before_federation(consumer)
    parts = {
        "{path}": f"identity?audience={quote(audience, safe='')}&format=full",
        "{seconds}": str(REFRESH_SECONDS),
        "{unset}": f"unset -v {' '.join(removed)}\n" if removed else "",
        "{name}": name,
    }
    for mark, text in parts.items():
        template = template.replace(mark, text)
    return template
