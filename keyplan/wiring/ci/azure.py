"""The Azure Pipelines target: a pipeline with one step, whose script has the keys.

On AWS the step is a task of AWS's own extension, because a stage gets the token of a service connection only
where a task of it names the connection, after the connection's checks; the task takes the role. On Google
Cloud the step asks for the run's own token. `##vso[task.setsecret]` masks a value line by line.

Source: AWS Toolkit for Azure DevOps, task AWSShellScript (the credentials are variables of the script;
useOIDC and assumeRoleArn of the connection); Azure DevOps REST API, "Oidctoken - Create"; dotnet/docker-tools
issue 2012 (no token without an explicit reference in the stage); Azure Pipelines, "Logging commands"
(setsecret, escapes), "Define variables" (`$(NAME)`, `${{ }}`), "Predefined variables";
azure-pipelines-task-lib (takes variables of some prefixes out of the environment); checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.routes import Route
from keyplan.wiring.ci.routes import needs_script
from keyplan.wiring.ci.script import Runner, script
from keyplan.wiring.consumers import (
    admission,
    list_setting,
    plain_of,
    refused,
    role_of,
    subject,
    text_setting,
)
from keyplan.wiring.syntax.yaml import Block, Node, Noted, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

IMAGE = "ubuntu-latest"  # has bash, curl, jq and the AWS CLI
OWN_PREFIXES = ("AGENT_", "BUILD_", "SYSTEM_", "TF_BUILD")
# What a task takes for its own inputs and never passes on.
TASK_PREFIXES = ("ENDPOINT_AUTH_", "INPUT_", "SECRET_", "SECUREFILE_TICKET_", "VSTS_TASKVARIABLE_")
# `$(NAME)` and `$[ ]` are replaced when the step runs, `${{ }}` before.
EXPRESSION = re.compile(r"\$\(|\$\[|\$\{\{")
_MASK = """\
  while IFS= read -r line; do
    line="${line//'%'/%AZP25}"
    [ -z "$line" ] || echo "##vso[task.setsecret]${line//$'\\r'/%0D}"
  done <<< "$value"
"""
_TASK_CREDENTIALS = """\
access="$AWS_ACCESS_KEY_ID" secret="$AWS_SECRET_ACCESS_KEY" session="$AWS_SESSION_TOKEN"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
"""
_RUNS_OWN_IDENTITY = (
    "$(printf 'Authorization: Bearer %s\\n' \"$SYSTEM_ACCESSTOKEN\" |\n"
    "  curl --silent --show-error --fail --max-time 30 --header @- \\\n"
    "    --header 'Content-Type: application/json' \\\n"
    "    --data '' \"$SYSTEM_OIDCREQUESTURI?api-version=7.1\" | jq -er .oidcToken)"
)
AWS_RUNNER = Runner(identity="", build="", mask=_MASK, aws_credentials=_TASK_CREDENTIALS)
GCP_RUNNER = Runner(identity=_RUNS_OWN_IDENTITY, build="", mask=_MASK, forget=("SYSTEM_ACCESSTOKEN",))

_SCRIPT_NOTE = """\
Replace the last line by your program. This step alone has the keys, and Azure Pipelines masks them in the
log."""
_AWS_NOTE = """\
Name your protected branch. This only chooses what runs: no branch is in what AWS can compare of Azure's
tokens. The trust accepts every stage that may use the service connection {connection}, so give that
the check "Branch control" for your protected branch, and permission to this pipeline alone; without the check
whoever can push can read, and a pull request's run, if it is allowed secrets, too."""
_GCP_NOTE = """\
Only what the provider's condition accepts. A run for a pull request, of a fork too, is for refs/pull/N/merge,
which is not accepted. Whoever can push to these branches can read: protect them."""
_TASK_NOTE = """\
From the extension "AWS Toolkit for Azure DevOps". The service connection has the type AWS, "Use OIDC" is on,
it has no access key, and its role to assume is {role}."""


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The pipeline, for `azure-pipelines.yml` of the consumer's repository.

    Raises:
        UsageError: a text that Azure Pipelines would replace, or a variable that it sets itself.
        ManifestError: no role or provider, no service connection or branch, or two variables of one name.
    """
    on_gcp = consumer.cloud == "gcp"
    # The run's own token needs no service connection: federation alone is a step of bash.
    own = on_gcp or (consumer.route == Route.FEDERATION and not consumer.keys)
    text = script(manifest, consumer, pins, GCP_RUNNER if own else AWS_RUNNER)
    if "${{" in text or EXPRESSION.search(consumer.name):
        raise UsageError(
            f"a setting of {consumer.name} holds an expression that Azure Pipelines would replace",
            f"change consumers.{consumer.name} in the environment's configuration",
        )
    plain = _plain(consumer)
    if not needs_script(consumer):
        step = _bash_step(consumer, text, plain)
    elif own:
        step = _bash_step(consumer, text, {"SYSTEM_ACCESSTOKEN": "$(System.AccessToken)", **plain})
    else:
        step = _aws_step(manifest, consumer, text, plain)
    branches = list_setting(consumer, "branches") if on_gcp else ()
    if on_gcp and needs_script(consumer) and not branches:
        raise ManifestError(f"consumers.{consumer.name}.settings: no branch to run for")
    included: list[Node] = [*(branches or ("main",))]
    document: dict[str, Node] = {
        "trigger": Noted(_trigger_note(consumer), {"branches": {"include": included}}),
        "pr": "none",
        "pool": {"vmImage": IMAGE},
        "steps": [step],
    }
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for Azure Pipelines.\n"
        f"No value and no cloud key is stored there: the run proves who it is, and {admission(consumer)}."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml(document)


def _trigger_note(consumer: ManifestConsumer) -> str:
    if not needs_script(consumer) or (consumer.route == Route.FEDERATION and not consumer.keys):
        return "Name your protected branch."
    return _GCP_NOTE if consumer.cloud == "gcp" else _AWS_NOTE.format(connection=_connection(consumer))


def _bash_step(consumer: ManifestConsumer, text: str, env: dict[str, str]) -> Node:
    step: dict[str, Node] = {"bash": Block(text), "displayName": consumer.name}
    if env:
        step["env"] = {**env}
    return Noted(_SCRIPT_NOTE, step)


def _aws_step(manifest: Manifest, consumer: ManifestConsumer, text: str, plain: dict[str, str]) -> Node:
    inputs: dict[str, Node] = {
        "awsCredentials": _connection(consumer),
        "regionName": manifest.on_aws().region,
        "scriptType": "inline",
        "inlineScript": Noted(_SCRIPT_NOTE, Block(text)),
    }
    step: dict[str, Node] = {"task": "AWSShellScript@1", "displayName": consumer.name, "inputs": inputs}
    if plain:
        step["env"] = {**plain}
    return Noted(_TASK_NOTE.format(role=role_of(consumer)), step)


def _connection(consumer: ManifestConsumer) -> str:
    connection = text_setting(consumer, "serviceConnection")
    if connection is None or EXPRESSION.search(connection):
        raise ManifestError(f"consumers.{consumer.name}.settings.serviceConnection: expected its name")
    return connection


def _plain(consumer: ManifestConsumer) -> dict[str, str]:
    variables = plain_of(consumer)
    for name, value in variables.items():
        if name.startswith(OWN_PREFIXES):
            raise refused(consumer, name, "Azure Pipelines sets the variables of that prefix itself")
        if name.startswith(TASK_PREFIXES):
            raise refused(consumer, name, "tasks take variables of that prefix out of the environment")
        if EXPRESSION.search(value):
            raise refused(consumer, name, "it holds `$(`, `$[` or `${{`, which Azure Pipelines would replace")
    return variables
