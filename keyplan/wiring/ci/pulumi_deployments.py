"""The Pulumi Deployments target: settings of a stack's deployments, with a command that has the keys.

The command trades the deployment's own token, not the credentials of `operationContext.oidc`: there is room
for one role there, which is the one that deploys, and a preview, which the trust refuses, would fail before
it began. Each pre-run command is one line for a shell of its own, so the script stands in one.
Pulumi Deployments hides no value that a command reads: nothing here prints one.

Source: Pulumi Docs, "Pulumi Deployment Settings" (pre-run commands, variables of a deployment), "OIDC Setup
for Pulumi Deployments" (PULUMI_OIDC_TOKEN); Pulumi Registry, pulumiservice.DeploymentSettings; pulumi-yaml,
interpolation.go (`$$`); checked 2026-11-21.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.routes import needs_script
from keyplan.wiring.ci.script import Runner, script
from keyplan.wiring.consumers import admission, list_setting, refused, subject, text_setting
from keyplan.wiring.gcp.reader import plain_of
from keyplan.wiring.syntax.yaml import Folded, Node, Noted, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

OWN_PREFIX = "PULUMI_"
RUNNER = Runner(identity="$PULUMI_OIDC_TOKEN", build="PULUMI_CI_BUILD_NUMBER", mask="")

_COMMAND_NOTE = """\
Replace the last line by your program: this command alone has the keys, and what Pulumi does
afterwards does not. Pulumi does not mask them in the log: do not print them. For other operations
the command does nothing."""
_TRUST_NOTE = """\
Only deployments of this stack that {operations} are trusted. A preview, which a pull request starts
with its own code, is refused; a review stack has another name. Whoever can push to the branch that is
deployed, or change these settings, can read: protect both."""


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """Part of a Pulumi program in YAML.

    Raises:
        UsageError: a variable that Pulumi Deployments sets itself.
        ManifestError: no role or provider, a setting that is missing, or two variables of one name.
    """
    operations = list_setting(consumer, "operations")
    if not operations or not all(re.fullmatch(r"[a-z-]+", each) for each in operations):
        raise ManifestError(f"consumers.{consumer.name}.settings.operations: expected a list of operations")
    context: dict[str, Node] = {}
    plain = _plain(consumer)
    if plain:
        context["environmentVariables"] = plain
    if needs_script(consumer):
        commands: Node = [_command(script(manifest, consumer, pins, RUNNER), operations)]
        context["preRunCommands"] = Noted(_COMMAND_NOTE, commands)
    properties: dict[str, Node] = {
        name: _literal(_required(consumer, name)) for name in ("organization", "project", "stack")
    }
    if context:
        properties["operationContext"] = context
    settings: Node = {"type": "pulumiservice:DeploymentSettings", "properties": properties}
    trust = _TRUST_NOTE.format(operations=" or ".join(operations)) if needs_script(consumer) else ""
    document: dict[str, Node] = {
        "resources": {consumer.name: Noted(trust, settings) if trust else settings},
    }
    return "\n".join(comment(_heading(manifest, consumer))) + "\n" + render_yaml(document)


def _heading(manifest: Manifest, consumer: ManifestConsumer) -> str:
    return (
        f"{subject(consumer)} in {manifest.environment}, for Pulumi Deployments.\n"
        "No value and no cloud key is stored there: the deployment proves who it is, "
        f"and {admission(consumer)}.\n"
        "Part of a Pulumi program in YAML that keeps the settings of other stacks. They are all that the\n"
        "stack has then: add where its source is, and its other commands."
    )


def _command(text: str, operations: tuple[str, ...]) -> Folded:
    """One line: bash gets the script back line by line, and no line of it is an option or a format."""
    guard = f'case "$PULUMI_CI_OPERATION" in {"|".join(operations)}) ;; *) exit 0 ;; esac'
    start, *rest = text.rstrip("\n").split("\n")
    lines = [shlex.quote(line) for line in (start, guard, *rest)]
    return Folded(tuple(_literal(line) for line in ("bash -c \"$(printf '%s\\n'", *lines, ')"')))


def _plain(consumer: ManifestConsumer) -> dict[str, Node]:
    variables: dict[str, Node] = {}
    for name, value in plain_of(consumer).items():
        if name.startswith(OWN_PREFIX):
            raise refused(consumer, name, "Pulumi sets the variables of that prefix itself")
        variables[name] = _literal(value)
    return variables


def _required(consumer: ManifestConsumer, name: str) -> str:
    value = text_setting(consumer, name)
    if value is None:
        raise ManifestError(f"consumers.{consumer.name}.settings.{name}: expected one line of text")
    return value


def _literal(text: str) -> str:
    """Pulumi reads `${…}` in a text as an expression, and `$$` as a dollar sign."""
    return re.sub(r"\$(?=[${])", "$$", text)
