"""The GitHub Actions target: a workflow of one job that runs a program with the consumer's keys.

Nothing long-lived is stored at GitHub: the job exchanges its own identity token for credentials that soon
end. These go, as step outputs, to the one step that reads; the values go, masked and as step outputs, to the
steps that name them. Nothing is written to GITHUB_ENV, which every later step would inherit, actions of other
people among them; that is why the clouds' own actions for reading secrets are not used here.

Source: GitHub Docs, "Workflow commands for GitHub Actions" and "Workflow syntax for GitHub Actions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.wiring.ci.routes import calls_as_itself, needs_script
from keyplan.wiring.consumers import keys_of, list_setting, plain_variables, refused, subject, text_setting
from keyplan.wiring.federation.tokens import audience_of, before_federation
from keyplan.wiring.github import aws, gcp, keyless
from keyplan.wiring.github.reading import Reading, output
from keyplan.wiring.syntax.yaml import Block, Node, Noted, Verbatim, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

# GitHub replaces what stands between `${{` and `}}` before anything else sees it: text of a manifest must not
# be able to start that, in a script least of all.
EXPRESSION = "${{"
CHECKOUT_ACTION = "actions/checkout@v7"
JOB_TIMEOUT_MINUTES = 15
_RUN_NOTE = "Replace the last line by your program; only steps that name a key like this one have it."


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The workflow as YAML, for `.github/workflows/CONSUMER.yml` of the consumer's repository.

    Raises:
        UsageError: a text that holds `${{`, which GitHub would evaluate.
        ManifestError: a setting that the trust needs is missing.
    """
    keys = keys_of(manifest, consumer)
    refuse_what_github_changes(manifest, consumer)
    reading = reading_of(manifest, consumer, keys, pins)
    heading = "\n".join(comment(_heading(manifest, consumer, reading)))
    workflow: dict[str, Node] = {
        "name": f"{consumer.name} ({manifest.environment})",
        Verbatim("on"): _triggers(consumer, reading),
        "permissions": Noted("Nothing by default; the job below asks for what it needs.", {}),
        "jobs": {job_id(consumer.name): _job(consumer, keys, reading)},
    }
    return f"{heading}\n{render_yaml(workflow)}"


def reading_of(
    manifest: Manifest, consumer: ManifestConsumer, keys: tuple[ManifestKey, ...], pins: Mapping[str, int]
) -> Reading:
    """What the job does first: read the keys, become the caller, or neither, as the route wants it.

    Raises:
        ManifestError: no role or provider where one is needed.
    """
    if not keys and not calls_as_itself(consumer):
        return keyless.reading()
    if consumer.cloud == "gcp":
        return gcp.reading(manifest, consumer, pins)
    return aws.reading(manifest, consumer, keys)


def _heading(manifest: Manifest, consumer: ManifestConsumer, reading: Reading) -> str:
    repository = text_setting(consumer, "repository")
    if repository is None:
        raise ManifestError(f"consumers.{consumer.name}.settings.repository: it is missing")
    return (
        f"{subject(consumer)} in {manifest.environment}, for the repository {repository}.\n"
        f"No value and no cloud key is stored at GitHub: {reading.proof}."
    )


def _triggers(consumer: ManifestConsumer, reading: Reading) -> Node:
    branches, tags = list_setting(consumer, "branches"), list_setting(consumer, "tags")
    push: dict[str, Node] = {}
    if branches:
        push["branches"] = [_filter(branch) for branch in branches]
    if tags:
        push["tags"] = [_filter(tag) for tag in tags]
    if push:
        return Noted(reading.refs_note, {"push": push})
    if text_setting(consumer, "environment") is None:
        raise ManifestError(f"consumers.{consumer.name}.settings: no environment, branch or tag to run for")
    return Noted(reading.environment_note, {"workflow_dispatch": {}})


def _filter(pattern: str) -> str:
    """A name or pattern of the trust as GitHub's filter, where `*` stops at a slash; the trust's does not."""
    return re.sub(r"[?+!\[\]\\]", r"\\\g<0>", pattern).replace("*", "**")


def job_id(name: str) -> str:
    """A job's id starts with a letter or `_` and holds letters, digits, `-` and `_`."""
    identifier = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    return identifier if re.match(r"[A-Za-z_]", identifier) else f"_{identifier}"


def start_of_job(consumer: ManifestConsumer) -> dict[str, Node]:
    """Where the job runs, for how long, and in which deployment environment."""
    job: dict[str, Node] = {"runs-on": "ubuntu-latest", "timeout-minutes": JOB_TIMEOUT_MINUTES}
    environment = text_setting(consumer, "environment")
    if environment is not None:
        job["environment"] = Noted("The trust is bound to this deployment environment.", environment)
    return job


def _job(consumer: ManifestConsumer, keys: tuple[ManifestKey, ...], reading: Reading) -> dict[str, Node]:
    job = start_of_job(consumer)
    permissions: dict[str, Node] = {"contents": "read"}
    if needs_script(consumer):
        permissions["id-token"] = Noted("Lets the job ask GitHub for its identity token.", "write")
    job["permissions"] = permissions
    job["steps"] = [
        {"uses": CHECKOUT_ACTION, "with": {"persist-credentials": False}},
        *reading.steps,
        Noted(_RUN_NOTE if keys else "Replace the last line by your program.", _run_step(consumer, keys)),
    ]
    return job


def _run_step(consumer: ManifestConsumer, keys: tuple[ManifestKey, ...]) -> Node:
    values: dict[str, Node] = {key.env_var: output("keys", key.env_var) for key in keys}
    if calls_as_itself(consumer, tuple(values)):
        values |= aws.calling() if consumer.cloud == "aws" else gcp.calling()
    audience = audience_of(consumer)
    before = "" if audience is None else keyless.identity(audience, before_federation(consumer))
    present = " && ".join(f'test -n "${name}"' for name in (*values, *keyless.variables(audience)))
    step: dict[str, Node] = {"name": f"Run {consumer.name}"}
    env = {**plain_variables(consumer), **values}
    if env:
        step["env"] = env
    if before:
        step["shell"] = "bash"
    return {**step, "run": Block(before + (present or "true"))}


def refuse_what_github_changes(manifest: Manifest, consumer: ManifestConsumer) -> None:
    for name, value in consumer.env.items():
        if name.upper().startswith(("GITHUB_", "RUNNER_")):
            raise refused(consumer, name, "GitHub sets the variables of that prefix itself")
        if EXPRESSION in value:
            raise refused(consumer, name, f"it holds `{EXPRESSION}`, which GitHub would evaluate")
    settings = ("repository", "environment", "branches", "tags")
    texts = [str(consumer.settings.get(name, "")) for name in settings]
    endpoints = manifest.gcp.endpoints.values() if manifest.gcp else ()
    texts += [consumer.name, consumer.role_arn or "", consumer.workload_identity_provider or "", *endpoints]
    if any(EXPRESSION in text for text in texts):
        raise UsageError(
            f"a setting of {consumer.name} holds `{EXPRESSION}`, which GitHub would evaluate",
            f"change consumers.{consumer.name} in the environment's configuration",
        )
