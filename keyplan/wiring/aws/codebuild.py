"""The CodeBuild target: CodeBuild reads as the project's service role, and hides what it read in the log.

Every command of a build has the values: CodeBuild has no smaller unit than the build.

Source: CodeBuild User Guide, "Build specification reference for CodeBuild" (`env/secrets-manager`:
SECRET:JSON-KEY:VERSION-STAGE, where SECRET may be an ARN; names that begin with CODEBUILD_; what is hidden in
logs; `env/variables` is taken literally); CodeBuild API Reference, WebhookFilter; checked 2026-11-21.
"""

from __future__ import annotations

import json

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import keys_of, plain_of, refused, role_of, subject, text_setting
from keyplan.wiring.syntax.yaml import Node, Noted, Verbatim, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

OWN_PREFIX = "CODEBUILD_"
_ROTATION = "Read when a build starts: the next build has what `keyplan put` stored."
_BUILD_NOTE = """\
Replace it by your program. Every command of this build has the keys, those of other phases too: install
what you need in a build of its own, or in the image. The log shows *** where a whole value would stand."""
_STARTERS = """\
AWS tells the project apart, and neither branch nor pull request: whoever starts a build of it with code of
their own can read. So let pushes to a protected branch start it, and no event of a pull request, which may
come from a fork; and let few people call codebuild:StartBuild or change the project:
  {command}"""


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The project's buildspec.yml.

    Raises:
        UsageError: a variable that CodeBuild sets itself.
        ManifestError: no role or no project, a key that the manifest lacks, or two variables of one name.
    """
    keys = keys_of(manifest, consumer)
    env: dict[str, Node] = {}
    plain = _plain(consumer)
    if plain:
        env["variables"] = plain
    if keys:
        env["secrets-manager"] = Noted(
            _ROTATION,
            {key.env_var: f"{key.on_aws().arn}:{key.on_aws().json_key}:AWSCURRENT" for key in keys},
        )
    present = " && ".join(f'test -n "${key.env_var}"' for key in keys)
    command = Noted(_BUILD_NOTE if keys else "Replace it by your program.", present or "true")
    document: dict[str, Node] = {"version": Verbatim("0.2")}
    if env:
        document["env"] = env
    document["phases"] = {"build": {"commands": [command]}}
    return "\n".join(comment(_heading(manifest, consumer))) + "\n" + render_yaml(document)


def _heading(manifest: Manifest, consumer: ManifestConsumer) -> str:
    project = text_setting(consumer, "projectName")
    if project is None:
        raise ManifestError(f"consumers.{consumer.name}.settings.projectName: expected one line of text")
    start = (
        f"{subject(consumer)} in {manifest.environment}, for AWS CodeBuild; "
        "no value of a key is in here.\n"
        f"The service role of the project {project} reads: {role_of(consumer)}.\n"
    )
    return start + _STARTERS.format(command=webhook_command(project))


def webhook_command(project: str) -> str:
    """What lets pushes to the branch `main` alone start builds of a project that has a webhook."""
    groups = [[{"type": "EVENT", "pattern": "PUSH"}, {"type": "HEAD_REF", "pattern": "^refs/heads/main$"}]]
    listed = json.dumps(groups, separators=(",", ":"))
    return f"aws codebuild update-webhook --project-name {project} --filter-groups '{listed}'"


def _plain(consumer: ManifestConsumer) -> dict[str, Node]:
    variables: dict[str, Node] = {}
    for name, value in plain_of(consumer).items():
        if name.startswith(OWN_PREFIX):
            raise refused(consumer, name, "CodeBuild sets the variables of that prefix itself")
        variables[name] = value
    return variables
