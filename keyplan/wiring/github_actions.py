"""The GitHub Actions target: a workflow of one job that runs a program with the consumer's keys.

Nothing long-lived is stored at GitHub: the job exchanges its own identity token for a role's credentials of
15 minutes. These go, as step outputs, to the one step that reads; the values go, masked and as step outputs,
to the steps that name them. Nothing is written to GITHUB_ENV, which every later step would inherit, actions
of other people among them; that is why AWS's own action for reading secrets is not used here.

Source: the inputs and outputs of aws-actions/configure-aws-credentials v6 (action.yml of v6.2.3) and
aws-actions/aws-secretsmanager-get-secrets v3 (its injectSecret exports to GITHUB_ENV), checked 2026-11-21;
GitHub Docs, "Workflow commands for GitHub Actions" and "Workflow syntax for GitHub Actions".
"""

from __future__ import annotations

import re
import shlex

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest import Manifest, ManifestConsumer, ManifestKey
from keyplan.wiring.consumers import (
    keys_of,
    list_setting,
    plain_variables,
    refused,
    role_of,
    text_setting,
)
from keyplan.wiring.syntax.yaml import Block, Node, Noted, Verbatim, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

# GitHub replaces what stands between `${{` and `}}` before anything else sees it: text of a manifest must not
# be able to start that, in a script least of all.
EXPRESSION = "${{"
CREDENTIALS_ACTION = "aws-actions/configure-aws-credentials@v6"
CHECKOUT_ACTION = "actions/checkout@v7"
ROLE_DURATION_SECONDS = 900  # the shortest that STS gives. Source: STS API Reference, DurationSeconds
JOB_TIMEOUT_MINUTES = 15
SESSION_NAME_PREFIX_MAX = 40  # RoleSessionName holds 64 characters, and a run's id takes up to 20 of them

# Reads one value, masks it line by line before anything can print it, and hands it on as the step's output.
# `%` and a carriage return are escaped, as a workflow command's data demands: the mask would miss otherwise.
# jq's own messages are dropped: they can quote what they read.
READ_KEY = """\
read_key() { # variable, secret, field of the stored object
  local value line end
  value="$(aws secretsmanager get-secret-value --secret-id "$2" --version-stage AWSCURRENT --output json |
    jq -er --arg field "$3" '.SecretString | fromjson | .[$field] | strings | select(.!="")' 2>/dev/null)" ||
    { echo "::error::$1 was not read: no access to $2, or no text in its field $3"; return 1; }
  while IFS= read -r line; do
    line="${line//'%'/%25}"
    [ -z "$line" ] || echo "::add-mask::${line//$'\\r'/%0D}"
  done <<< "$value"
  end="end-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')"
  printf '%s<<%s\\n%s\\n%s\\n' "$1" "$end" "$value" "$end" >> "$GITHUB_OUTPUT"
}
"""


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The workflow as YAML, for `.github/workflows/CONSUMER.yml` of the consumer's repository.

    Raises:
        UsageError: a text that holds `${{`, which GitHub would evaluate.
        ManifestError: a setting that the trust needs is missing.
    """
    keys = keys_of(manifest, consumer)
    _refuse_what_github_changes(consumer)
    heading = "\n".join(comment(_heading(manifest, consumer)))
    workflow: dict[str, Node] = {
        "name": f"{consumer.name} ({manifest.environment})",
        Verbatim("on"): _triggers(consumer),
        "permissions": Noted("Nothing by default; the job below asks for what it needs.", {}),
        "jobs": {_job_id(consumer.name): _job(manifest, consumer, keys)},
    }
    return f"{heading}\n{render_yaml(workflow)}"


_REFS_NOTE = """\
Only what the role's trust accepts, and never a pull request: one from a fork gets no identity token, and
the trust does not accept the ref of any other."""
_ENVIRONMENT_NOTE = """\
Never a pull request: one from a fork gets no identity token, and the deployment environment's own rules
have to keep the others out, because the trust is bound to the environment alone."""


def _heading(manifest: Manifest, consumer: ManifestConsumer) -> str:
    repository = text_setting(consumer, "repository")
    if repository is None:
        raise ManifestError(f"consumers.{consumer.name}.settings.repository: it is missing")
    return (
        f"Keys of {consumer.name} in {manifest.environment}, for the repository {repository}.\n"
        "No value and no cloud key is stored at GitHub: the job proves who it is, and the role lets it read."
    )


def _triggers(consumer: ManifestConsumer) -> Node:
    branches, tags = list_setting(consumer, "branches"), list_setting(consumer, "tags")
    push: dict[str, Node] = {}
    if branches:
        push["branches"] = [_filter(branch) for branch in branches]
    if tags:
        push["tags"] = [_filter(tag) for tag in tags]
    if push:
        return Noted(_REFS_NOTE, {"push": push})
    if text_setting(consumer, "environment") is None:
        raise ManifestError(f"consumers.{consumer.name}.settings: no environment, branch or tag to run for")
    return Noted(_ENVIRONMENT_NOTE, {"workflow_dispatch": {}})


def _filter(pattern: str) -> str:
    """A name or pattern of the trust as GitHub's filter, where `*` stops at a slash; in IAM it does not."""
    return re.sub(r"[?+!\[\]\\]", r"\\\g<0>", pattern).replace("*", "**")


def _job_id(name: str) -> str:
    """A job's id starts with a letter or `_` and holds letters, digits, `-` and `_`."""
    identifier = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    return identifier if re.match(r"[A-Za-z_]", identifier) else f"_{identifier}"


def _job(manifest: Manifest, consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> dict[str, Node]:
    job: dict[str, Node] = {"runs-on": "ubuntu-latest", "timeout-minutes": JOB_TIMEOUT_MINUTES}
    environment = text_setting(consumer, "environment")
    if environment is not None:
        job["environment"] = Noted("The trust is bound to this deployment environment.", environment)
    job["permissions"] = {
        "contents": "read",
        "id-token": Noted("Lets the job ask GitHub for its identity token.", "write"),
    }
    job["steps"] = [
        {"uses": CHECKOUT_ACTION, "with": {"persist-credentials": False}},
        Noted("Credentials of 15 minutes, as outputs of this step and not in every step's environment.",
              _credentials_step(manifest, consumer)),
        Noted("Values go from here, masked, to the steps that name them, and never to GITHUB_ENV.",
              _read_step(manifest, keys)),
        Noted("Replace the last line by your program; only steps that name a key like this one have it.",
              _run_step(consumer, keys)),
    ]  # fmt: skip
    return job


def _credentials_step(manifest: Manifest, consumer: ManifestConsumer) -> Node:
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
            "role-duration-seconds": ROLE_DURATION_SECONDS,
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
            "AWS_ACCESS_KEY_ID": _output("aws", "aws-access-key-id"),
            "AWS_SECRET_ACCESS_KEY": _output("aws", "aws-secret-access-key"),
            "AWS_SESSION_TOKEN": _output("aws", "aws-session-token"),
            "AWS_REGION": manifest.on_aws().region,
            "AWS_DEFAULT_REGION": manifest.on_aws().region,  # AWS CLI 1 knows no other
        },
        "run": Block(READ_KEY + calls),
    }


def _run_step(consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> Node:
    values: dict[str, Node] = {key.env_var: _output("keys", key.env_var) for key in keys}
    present = " && ".join(f'test -n "${name}"' for name in values)
    return {
        "name": f"Run {consumer.name}",
        "env": {**plain_variables(consumer), **values},
        "run": Block(present),
    }


def _output(step: str, name: str) -> Verbatim:
    return Verbatim(f"${{{{ steps.{step}.outputs.{name} }}}}")


def _refuse_what_github_changes(consumer: ManifestConsumer) -> None:
    for name, value in consumer.env.items():
        if name.upper().startswith(("GITHUB_", "RUNNER_")):
            raise refused(consumer, name, "GitHub sets the variables of that prefix itself")
        if EXPRESSION in value:
            raise refused(consumer, name, f"it holds `{EXPRESSION}`, which GitHub would evaluate")
    settings = ("repository", "environment", "branches", "tags")
    texts = [str(consumer.settings.get(name, "")) for name in settings]
    if any(EXPRESSION in text for text in (*texts, consumer.name, consumer.role_arn or "")):
        raise UsageError(
            f"a setting of {consumer.name} holds `{EXPRESSION}`, which GitHub would evaluate",
            f"change consumers.{consumer.name} in the environment's configuration",
        )
