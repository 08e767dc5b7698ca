"""The Bitbucket Pipelines target: a pipeline with one step, whose script has the keys.

The step's token is `BITBUCKET_STEP_OIDC_TOKEN`. A step has no variables of its own in the file, so the script
sets the plain ones. Bitbucket hides the values of secured variables alone, none that a step reads while it
runs: nothing here prints one.

Source: Atlassian Support, "Integrate Pipelines with resource servers using OIDC", "Step options" (`oidc`,
`deployment`, `image`), "Pipeline start conditions" (branches, glob patterns: `*` ends at a slash, `**` does
not; pull requests of forks start nothing), "Variables and secrets" (what is masked; BITBUCKET_); checked
2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.routes import needs_script
from keyplan.wiring.ci.script import Runner, script
from keyplan.wiring.consumers import admission, list_setting, plain_of, refused, subject, text_setting
from keyplan.wiring.syntax.yaml import Block, Node, Noted, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

OWN_PREFIX = "BITBUCKET_"
IDENTITY = "BITBUCKET_STEP_OIDC_TOKEN"
# The first has bash, curl and the AWS CLI, but no jq; the second has bash, curl and jq.
AWS_IMAGE, GCP_IMAGE = "amazon/aws-cli:2.22.0", "atlassian/default-image:4"
_ADD_JQ = "command -v jq || yum install --quiet --assumeyes jq"
RUNNER = Runner(identity=f"${IDENTITY}", build="BITBUCKET_BUILD_NUMBER", mask="", forget=(IDENTITY,))

_SCRIPT_NOTE = """\
Replace the last line by your program. This step alone has the keys, and Bitbucket does not mask them: do not
print them, and put none in an artifact."""
_AWS_NOTE = """\
Name your protected branch. This only chooses what runs: no branch is in what AWS can compare of Bitbucket's
tokens. The trust accepts every step of this repository with this deployment environment, so restrict in
Bitbucket which branches may deploy to it (Deployments settings, a Premium feature); without that, whoever can
push can read. A pull request from a fork runs in the fork, which is another repository and gets nothing."""
_GCP_NOTE = """\
Only what the provider's condition accepts. A pull request's own pipeline runs for its source branch, and one
from a fork runs in the fork: neither is accepted. Whoever can push to these branches can read: protect
them."""
_GCP_ENVIRONMENT_NOTE = """\
Name your protected branch. This only chooses what runs: the provider's condition accepts every step of this
repository with this deployment environment, so restrict in Bitbucket which branches may deploy to it, or name
`branches` in the catalogue. A pull request from a fork runs in the fork and gets nothing."""


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The pipeline, for `bitbucket-pipelines.yml` of the consumer's repository.

    Raises:
        UsageError: a variable that Bitbucket sets itself, or that a line of a script cannot set.
        ManifestError: no role or provider, no branch and no environment, or two variables of one name.
    """
    on_gcp = consumer.cloud == "gcp"
    text = script(manifest, consumer, pins, RUNNER, _plain(consumer))
    commands: list[Node] = [Noted(_SCRIPT_NOTE, Block(text))]
    if needs_script(consumer) and not on_gcp:
        commands.insert(0, _ADD_JQ)
    environment = text_setting(consumer, "environment")
    branches = list_setting(consumer, "branches")
    if environment is None and not (on_gcp and branches):
        raise ManifestError(f"consumers.{consumer.name}.settings: no deployment environment and no branch")
    step: dict[str, Node] = {"name": consumer.name}
    if needs_script(consumer):
        step["image"] = GCP_IMAGE if on_gcp else AWS_IMAGE
        step["oidc"] = True
    if environment is not None:
        step["deployment"] = environment
    step["script"] = commands
    pipeline: list[Node] = [{"step": step}]
    note = _AWS_NOTE if not on_gcp else _GCP_NOTE if branches else _GCP_ENVIRONMENT_NOTE
    document: dict[str, Node] = {"pipelines": {"branches": Noted(note, {_glob(branches): pipeline})}}
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for Bitbucket Pipelines.\n"
        f"No value and no cloud key is stored there: the step proves who it is, and {admission(consumer)}."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml(document)


def _glob(branches: tuple[str, ...]) -> str:
    """One pattern for all branches; a `*` of the trust matches a slash too, which is `**` here."""
    patterns = [name.replace("*", "**") for name in branches] or ["main"]
    return patterns[0] if len(patterns) == 1 else "{" + ",".join(patterns) + "}"


def _plain(consumer: ManifestConsumer) -> dict[str, str]:
    variables = plain_of(consumer)
    for name, value in variables.items():
        if name.startswith(OWN_PREFIX):
            raise refused(consumer, name, "Bitbucket sets the variables of that prefix itself")
        if not value.isprintable():
            raise refused(consumer, name, "it holds a line break or a control character")
    return variables
