"""The ECS target: the part of a task definition with which one container finds its keys.

Two ways, decided by the consumer's `readAt`. `start`: the agent reads with the *execution* role and injects
the value before the program runs; a rotation reaches the program only with a new task. `run`: the program
reads with the *task* role and finds the secret's ARN in a variable; the value is in no environment. The two
roles are never mixed up here: a reader in the wrong place fails when the task starts, and not before. Where
nothing is read, the consumer's role is the task role: it is the program that acts as it.
"""

from __future__ import annotations

from typing import Any

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.wiring.consumers import keys_of, plain_variables, references, role_of, text_setting
from keyplan.wiring.syntax import json

STAGE = "AWSCURRENT"


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The fragment as JSON: the role, and one container definition named after the consumer.

    Source: Amazon ECS API Reference, RegisterTaskDefinition and ContainerDefinition (botocore's model of it
    checks the fragment in the tests).
    """
    keys = keys_of(manifest, consumer)
    container: dict[str, Any] = {"name": consumer.name}
    if _read_at(consumer) == "start" and keys:
        container |= _environment(plain_variables(consumer))
        container["secrets"] = [{"name": key.env_var, "valueFrom": _value_from(key)} for key in keys]
        role = "executionRoleArn"
    else:
        container |= _environment(plain_variables(consumer) | references(consumer, keys))
        role = "taskRoleArn"
    return json.render({role: role_of(consumer), "containerDefinitions": [container]})


def _read_at(consumer: ManifestConsumer) -> str:
    read_at = text_setting(consumer, "readAt") or "start"
    if read_at not in ("start", "run"):
        raise ManifestError(f"consumers.{consumer.name}.settings.readAt: expected start or run")
    return read_at


def _environment(variables: dict[str, str]) -> dict[str, Any]:
    if not variables:
        return {}
    return {"environment": [{"name": name, "value": value} for name, value in variables.items()]}


def _value_from(key: ManifestKey) -> str:
    """Full ARN, field, stage, and an empty version id.

    The full ARN, because a name is looked up in the task's own account and region only; the empty last part,
    because a stage without it is read as part of the field.
    Source: ECS Developer Guide, "Pass Secrets Manager secrets through Amazon ECS environment variables".
    """
    return f"{key.on_aws().arn}:{key.on_aws().json_key}:{STAGE}:"
