"""The Cloud Build target: the build's own service account, and a value only in the step that lists it.

Source: Cloud Build API v1, its discovery document: Build.availableSecrets, SecretManagerSecret,
BuildStep.secretEnv, Build.serviceAccount; Cloud Build documentation, "Substituting variable values" (`$$` is
a dollar sign) and "Configure user-specified service accounts" (such a build says where its log goes); checked
2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.routes import IDENTITY_TOKEN
from keyplan.wiring.consumers import subject
from keyplan.wiring.federation.machines import once
from keyplan.wiring.gcp.reader import KeyVersion, account_of, plain_of, project_of_account, versions_of
from keyplan.wiring.syntax.yaml import Block, Node, Noted, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

STEP_IMAGE = "gcr.io/cloud-builders/gcloud"
_STEP_NOTE = """\
Replace the script by yours. Only a step that lists a key in secretEnv has it. `$$` is a dollar sign here:
one alone would be replaced by Cloud Build before the step runs."""
_ROTATION = "Read when a build starts: the next build has what `keyplan put` stored."
_PINNED = "Pinned: after `keyplan put`, name the new version here."
_LOG_NOTE = (
    "A build with an account of its own has to say where its log goes; it needs roles/logging.logWriter."
)


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """Part of a cloudbuild.yaml.

    Raises:
        UsageError: a variable that a build cannot hold.
        ManifestError: the consumer has no service account.
    """
    versions = versions_of(manifest, consumer, pins)
    account = account_of(consumer)
    project = project_of_account(account) or manifest.on_gcp().project_id
    available: list[Node] = [
        Noted(
            _PINNED if version.is_pinned else _ROTATION, {"versionName": version.name, "env": version.env_var}
        )
        for version in versions
    ]
    document: dict[str, Node] = {
        "serviceAccount": f"projects/{project}/serviceAccounts/{account}",
        "steps": [Noted(_STEP_NOTE, _step(consumer, versions))],
        **({"availableSecrets": {"secretManager": available}} if available else {}),
        "options": {"logging": Noted(_LOG_NOTE, "CLOUD_LOGGING_ONLY")},
    }
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for Cloud Build; no value of a key is in here.\n"
        "Merge it into your cloudbuild.yaml."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml(document)


def _step(consumer: ManifestConsumer, versions: tuple[KeyVersion, ...]) -> Node:
    plain = plain_of(consumer)
    before = once(consumer)
    expected = [version.env_var for version in versions] or list(plain)
    if before:
        expected = [*(version.env_var for version in versions), IDENTITY_TOKEN]
    present = " && ".join(f'test -n "$${name}"' for name in expected) or "true"
    step: dict[str, Node] = {
        "id": consumer.name,
        "name": STEP_IMAGE,
        "entrypoint": "bash",
        "args": ["-c", Block(before.replace("$", "$$") + present)],
    }
    if plain:
        step["env"] = [f"{name}={value.replace('$', '$$')}" for name, value in plain.items()]
    if versions:
        step["secretEnv"] = [version.env_var for version in versions]
    return step
