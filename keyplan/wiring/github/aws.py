"""The steps that read from AWS: a role's credentials of 15 minutes, for the one step that reads.

Source: the inputs and outputs of aws-actions/configure-aws-credentials v6 (action.yml of v6.2.3) and
aws-actions/aws-secretsmanager-get-secrets v3 (its injectSecret exports to GITHUB_ENV), checked 2026-11-21.
"""

from __future__ import annotations

import re
import shlex

from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.wiring.ci.routes import calls_as_itself
from keyplan.wiring.consumers import admission, role_of
from keyplan.wiring.github.reading import MASK_AND_HAND_ON, Reading, output
from keyplan.wiring.syntax.yaml import Block, Node, Noted, Verbatim

CREDENTIALS_ACTION = "aws-actions/configure-aws-credentials@v6"
CALLING_SECONDS = 3600  # where the program calls models itself: what every role allows at most
ROLE_DURATION_SECONDS = 900  # the shortest that STS gives. Source: STS API Reference, DurationSeconds
SESSION_NAME_PREFIX_MAX = 40  # RoleSessionName holds 64 characters, and a run's id takes up to 20 of them

# jq's own messages are dropped: they can quote what they read.
READ_KEY = (
    """\
read_key() { # variable, secret, field of the stored object
  local value line end
  value="$(aws secretsmanager get-secret-value --secret-id "$2" --version-stage AWSCURRENT --output json |
    jq -er --arg field "$3" '.SecretString | fromjson | .[$field] | strings | select(.!="")' 2>/dev/null)" ||
    { echo "::error::$1 was not read: no access to $2, or no text in its field $3"; return 1; }
"""
    + MASK_AND_HAND_ON
)

_READING_NOTE = "Credentials of 15 minutes, as outputs of this step and not in every step's environment."
_CALLING_NOTE = "Credentials of an hour, as outputs of this step and not in every step's environment."
_VALUES_NOTE = "Values go from here, masked, to the steps that name them, and never to GITHUB_ENV."
_REFS_NOTE = """\
Only what the role's trust accepts, and never a pull request: one from a fork gets no identity token, and
the trust does not accept the ref of any other."""
_ENVIRONMENT_NOTE = """\
Never a pull request: one from a fork gets no identity token, and the deployment environment's own rules
have to keep the others out, because the trust is bound to the environment alone."""


def reading(manifest: Manifest, consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> Reading:
    """The steps, and the words of the workflow's comments.

    Raises:
        ManifestError: the consumer has no role.
    """
    calls = calls_as_itself(consumer, tuple(key.env_var for key in keys))
    return Reading(
        f"the job proves who it is, and {admission(consumer)}",
        _REFS_NOTE,
        _ENVIRONMENT_NOTE,
        [
            Noted(_CALLING_NOTE if calls else _READING_NOTE, _credentials_step(manifest, consumer, calls)),
            *([Noted(_VALUES_NOTE, _read_step(manifest, keys))] if keys else []),
        ],
    )


def calling() -> dict[str, Node]:
    """The role's credentials as variables, for the step whose program calls models."""
    return {
        "AWS_ACCESS_KEY_ID": output("aws", "aws-access-key-id"),
        "AWS_SECRET_ACCESS_KEY": output("aws", "aws-secret-access-key"),
        "AWS_SESSION_TOKEN": output("aws", "aws-session-token"),
    }


def _credentials_step(manifest: Manifest, consumer: ManifestConsumer, calls: bool) -> Node:
    session = re.sub(r"[^A-Za-z0-9_.-]", "-", consumer.name)[:SESSION_NAME_PREFIX_MAX]
    return {
        "name": "Become the reader",
        "id": "aws",
        "uses": CREDENTIALS_ACTION,
        "with": {
            "role-to-assume": role_of(consumer),
            "role-session-name": Noted(
                "CloudTrail shows it with every read: it leads back to this run.",
                Verbatim(session + "-${{ github.run_id }}"),
            ),
            "role-duration-seconds": CALLING_SECONDS if calls else ROLE_DURATION_SECONDS,
            "aws-region": manifest.on_aws().region,
            "allowed-account-ids": manifest.on_aws().account_id,
            "output-credentials": True,
            "output-env-credentials": False,
        },
    }


def _read_step(manifest: Manifest, keys: tuple[ManifestKey, ...]) -> Node:
    calls = "".join(
        f"{shlex.join(['read_key', key.env_var, key.on_aws().arn, key.on_aws().json_key])}\n" for key in keys
    )
    return {
        "name": "Read the keys",
        "id": "keys",
        "shell": "bash",
        "env": {
            **calling(),
            "AWS_REGION": manifest.on_aws().region,
            "AWS_DEFAULT_REGION": manifest.on_aws().region,  # AWS CLI 1 knows no other
        },
        "run": Block(READ_KEY + calls),
    }
