"""The steps that read from Google Cloud: the job's own identity, without a service account in between.

The access token goes as a step's output to the one step that reads, and to no file: a file of credentials,
and the variables that name it, would serve every later step of the job.

Source: the inputs and outputs of google-github-actions/auth (action.yml of v3.0.0, and src/main.ts for
`auth_token` without a service account); Secret Manager API, projects.secrets.versions.access; checked
2026-11-21.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.routes import calls_as_itself
from keyplan.wiring.consumers import admission
from keyplan.wiring.gcp.reader import KeyVersion, provider_of, store_url, versions_of
from keyplan.wiring.github.reading import MASK_AND_HAND_ON, Reading, output
from keyplan.wiring.syntax.yaml import Block, Node, Noted

CREDENTIALS_ACTION = "google-github-actions/auth@v3"
# The token goes to curl through a pipe: whatever is an argument stands in the list of processes. jq's own
# messages are dropped: they can quote what they read.
READ_KEY = (
    """\
read_key() { # variable, version of a secret
  local value line end
  value="$(printf 'Authorization: Bearer %s\\n' "$ACCESS_TOKEN" |
    curl --silent --show-error --fail --max-time 30 --retry 2 --header @- "$SECRET_MANAGER/v1/$2:access" |
    jq -er '.payload.data | strings | select(.!="")' 2>/dev/null | base64 --decode)" ||
    { echo "::error::$1 was not read: no access to $2, or nothing is stored there"; return 1; }
"""
    + MASK_AND_HAND_ON
)

_READING_NOTE = "An access token of an hour at most, as an output of this step: it is in no file."
_CALLING_NOTE = """\
A file for Google's own libraries, which the steps find that name it. It has no key; what it has lets a
program ask for the job's identity token while the job runs."""
_VALUES_NOTE = "Values go from here, masked, to the steps that name them, and never to GITHUB_ENV."
_REFS_NOTE = """\
Only what the provider's condition accepts, and never a pull request: the condition refuses its token, and
one from a fork gets none."""
_ENVIRONMENT_NOTE = """\
Never a pull request: the provider's condition refuses its token. Other branches are kept out by the
deployment environment's own rules alone, because the condition is bound to the environment."""


def reading(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> Reading:
    """The steps, and the words of the workflow's comments.

    Raises:
        ManifestError: the consumer has no workload identity provider.
    """
    calls = calls_as_itself(consumer)
    versions = versions_of(manifest, consumer, pins)
    return Reading(
        f"the job proves who it is, and {admission(consumer)}",
        _REFS_NOTE,
        _ENVIRONMENT_NOTE,
        [
            Noted(_CALLING_NOTE if calls else _READING_NOTE, _credentials_step(manifest, consumer, calls)),
            *([Noted(_VALUES_NOTE, _read_step(manifest, versions))] if versions else []),
        ],
    )


def calling() -> dict[str, Node]:
    """Google's default credentials, for the step whose program calls models."""
    return {"GOOGLE_APPLICATION_CREDENTIALS": output("google", "credentials_file_path")}


def _credentials_step(manifest: Manifest, consumer: ManifestConsumer, calls: bool) -> Node:
    return {
        "name": "Become the reader",
        "id": "google",
        "uses": CREDENTIALS_ACTION,
        "with": {
            "workload_identity_provider": provider_of(consumer).name,
            "project_id": manifest.on_gcp().project_id,
            "create_credentials_file": calls,
            "export_environment_variables": False,
        },
    }


def _read_step(manifest: Manifest, versions: tuple[KeyVersion, ...]) -> Node:
    calls = "".join(f"{shlex.join(['read_key', version.env_var, version.name])}\n" for version in versions)
    return {
        "name": "Read the keys",
        "id": "keys",
        "shell": "bash",
        "env": {"ACCESS_TOKEN": output("google", "auth_token"), "SECRET_MANAGER": store_url(manifest)},
        "run": Block(READ_KEY + calls),
    }
