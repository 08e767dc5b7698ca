"""The claude-code-action target: a workflow in which Claude Code answers in issues and pull requests.

Anthropic's action by the consumer's route. Credentials go to it as inputs or as variables of its one step,
out of steps that got them with the job's own identity; nothing is stored at GitHub. The action itself checks
that whoever calls it may write to the repository, and takes its own token for GitHub from the Claude app.

Source: action.yml, docs/security.md and base-action/src/workload-identity.ts of anthropics/claude-code-action
v1 (its inputs, the variables that it passes on, what it needs of each provider); Claude Code, "GitHub
Actions"; GitHub Docs, "Events that trigger workflows" (issue_comment and issues run in the default branch, a
pull request of a fork gives no identity token); checked 2026-11-21.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.routes import (
    FEDERATION_AUDIENCE,
    ORGANIZATION_ID,
    RULE_ID,
    SERVICE_ACCOUNT_ID,
    WORKSPACE_ID,
    Route,
)
from keyplan.wiring.ci.routes import calls_as_itself
from keyplan.wiring.consumers import keys_of, plain_variables, text_setting
from keyplan.wiring.federation.tokens import audience_of
from keyplan.wiring.github import aws, gcp
from keyplan.wiring.github.reading import Reading, output
from keyplan.wiring.github.workflow import (
    CHECKOUT_ACTION,
    job_id,
    reading_of,
    refuse_what_github_changes,
    start_of_job,
)
from keyplan.wiring.programs.client import BEDROCK_TOKEN, FOUNDRY_KEY, client_of
from keyplan.wiring.syntax.yaml import Node, Noted, Verbatim, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

ACTION = "anthropics/claude-code-action@v1"
JOB_TIMEOUT_MINUTES = 30
# The action's own name for what federation's variables say.
_INPUTS = {
    RULE_ID: "anthropic_federation_rule_id",
    ORGANIZATION_ID: "anthropic_organization_id",
    SERVICE_ACCOUNT_ID: "anthropic_service_account_id",
    WORKSPACE_ID: "anthropic_workspace_id",
}
# What the action sets itself, by its inputs.
_FLAGS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
_TRIGGER_NOTE = """\
Issues and their comments alone: these run in the default branch, with the workflow that stands there. The
trust has to accept the default branch, or the deployment environment, and nothing else."""
_IF = (
    "github.event.issue.pull_request == null && "
    "(contains(github.event.comment.body, '@claude') || contains(github.event.issue.body, '@claude'))"
)
_IF_NOTE = """\
No pull request, so that a fork's code never runs beside a credential. Only people who may write to the
repository are answered: the action checks that itself."""
_PERMISSIONS_NOTE = "What the action needs to answer and to push a branch; take away what yours need not."
_STEP_NOTE = "This step alone has the credential, and Claude Code with it: it can run what the job may run."


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The workflow as YAML, for `.github/workflows/claude.yml` of the consumer's repository.

    Raises:
        UsageError: no key that Claude's clients can use, a route that the action does not have, or a text
            that GitHub would evaluate.
        ManifestError: no role or provider, or a key that the manifest lacks.
    """
    refuse_what_github_changes(manifest, consumer)
    keys = _needed(manifest, consumer)
    reading = reading_of(manifest, consumer, keys, pins)
    workflow: dict[str, Node] = {
        "name": f"Claude ({manifest.environment})",
        Verbatim("on"): Noted(
            _TRIGGER_NOTE, {"issue_comment": {"types": ["created"]}, "issues": {"types": ["opened"]}}
        ),
        "permissions": Noted("Nothing by default; the job below asks for what it needs.", {}),
        "jobs": {job_id(consumer.name): _job(manifest, consumer, keys, reading)},
    }
    repository = text_setting(consumer, "repository") or "its own"
    heading = (
        f"Claude Code in the repository {repository}, as {consumer.name} in {manifest.environment}.\n"
        f"No value and no cloud key is stored at GitHub: {reading.proof}."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml(workflow)


def _needed(manifest: Manifest, consumer: ManifestConsumer) -> tuple[ManifestKey, ...]:
    """The key that the action gets, and no other: whatever a model can run could print the rest."""
    client = client_of(manifest, consumer)
    if client.route is Route.FOUNDRY and client.variable is None:
        raise UsageError(
            f"{consumer.name} has no key for Foundry, and keyplan makes no identity in Entra ID",
            f"give it a key whose envVar is {FOUNDRY_KEY}",
        )
    return tuple(key for key in keys_of(manifest, consumer) if key.env_var == client.variable)


def _job(
    manifest: Manifest, consumer: ManifestConsumer, keys: tuple[ManifestKey, ...], reading: Reading
) -> dict[str, Node]:
    job: dict[str, Node] = {"if": Noted(_IF_NOTE, _IF), **start_of_job(consumer)}
    job["timeout-minutes"] = JOB_TIMEOUT_MINUTES
    permissions: dict[str, Node] = {
        "contents": "write",
        "issues": "write",
        "pull-requests": "write",
        "id-token": Noted("For the Claude app's token, and for the identity token of this job.", "write"),
    }
    job["permissions"] = Noted(_PERMISSIONS_NOTE, permissions)
    checkout: Node = {"uses": CHECKOUT_ACTION, "with": {"fetch-depth": 1, "persist-credentials": False}}
    job["steps"] = [checkout, *reading.steps, Noted(_STEP_NOTE, _step(manifest, consumer, keys))]
    return job


def _step(manifest: Manifest, consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> Node:
    inputs, env = _credential(manifest, consumer, keys)
    model = consumer.env.get("ANTHROPIC_MODEL")
    if model is not None:
        # The action passes on the variables that it knows, and this is none of them.
        inputs["claude_args"] = f"--model {shlex.quote(model)}"
    own = (*_INPUTS, *_FLAGS)
    plain = {name: value for name, value in plain_variables(consumer).items() if name not in own}
    step: dict[str, Node] = {"name": "Run Claude Code", "uses": ACTION}
    if plain or env:
        step["env"] = {**plain, **env}
    step["with"] = inputs
    return step


def _credential(
    manifest: Manifest, consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]
) -> tuple[dict[str, Node], dict[str, Node]]:
    """The action's inputs, and the variables that it passes on to Claude Code."""
    variables = tuple(key.env_var for key in keys)
    route = client_of(manifest, consumer).route
    if route in (Route.BEDROCK, Route.VERTEX, Route.FOUNDRY):
        env: dict[str, Node] = {}
        if calls_as_itself(consumer, variables):
            env = aws.calling() if consumer.cloud == "aws" else gcp.calling()
        for own in (BEDROCK_TOKEN, FOUNDRY_KEY):
            if own in variables:
                env[own] = output("keys", own)
        return {f"use_{route}": "true"}, env
    if route is Route.FEDERATION:
        audience = audience_of(consumer)
        inputs: dict[str, Node] = {
            name: consumer.env[variable] for variable, name in _INPUTS.items() if variable in consumer.env
        }
        if audience != FEDERATION_AUDIENCE:
            inputs["anthropic_oidc_audience"] = str(audience)
        return inputs, {}
    [key] = keys
    value = output("keys", key.env_var)
    # The action wants the input; Claude Code takes the token first, and sends it as a gateway expects.
    bearer: dict[str, Node] = {"ANTHROPIC_AUTH_TOKEN": value} if route is Route.GATEWAY else {}
    return {"anthropic_api_key": value}, bearer
