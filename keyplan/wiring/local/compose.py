"""The compose target: what a service of Docker Compose needs, in a file of its own beside compose.yaml.

Each key is a secret of Compose whose source is a variable of the `docker compose` command: `keyplan exec`
gives it to that command alone, and no file of the project holds it. The service reads it from /run/secrets,
where Compose copies it to when it makes the container (docs/wiring-local.md says who can read it there).
Compose replaces `$NAME` in every value, and reads `$$` as a dollar sign.
Source: Compose file reference, "Secrets", "Interpolation" and "Merge"
(docs.docker.com/reference/compose-file, checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import file_paths
from keyplan.wiring.local.starting import start_of
from keyplan.wiring.syntax import yaml

SECRETS_FOLDER = "/run/secrets"
FILE = "compose.keyplan.yaml"


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The file as YAML.

    Raises:
        UsageError: a plain variable that no process can have.
        ManifestError: as `start_of`; a plain variable in a file name's place.
    """
    start = start_of(manifest, consumer)
    variables = [key.env_var for key in start.keys]
    environment = start.plain | file_paths(
        consumer, {variable: f"{SECRETS_FOLDER}/{variable}" for variable in variables}
    )
    compose = f"docker compose -f compose.yaml -f {FILE} up"
    command = start.command(compose) if start.keys else compose
    note = (
        f"Keys of {consumer.name} in {manifest.environment}; no value of a key is in here.\n"
        f"As {FILE} beside compose.yaml:\n{command}"
    )
    service: dict[str, yaml.Node] = {}
    if environment:
        service["environment"] = {name: value.replace("$", "$$") for name, value in environment.items()}
    if variables:
        service["secrets"] = list(variables)
    document: dict[str, yaml.Node] = {"services": {consumer.name: service}}
    if variables:
        document["secrets"] = {variable: {"environment": variable} for variable in variables}
    return "\n".join([*yaml.comment(note), yaml.render(document)])
