"""The CircleCI target: a configuration with one job, in which one step has the keys.

The token is the one whose `sub` has the form that the trusts compare: `CIRCLE_OIDC_TOKEN`, or for a consumer
with branches `CIRCLE_OIDC_TOKEN_V2`, which goes on with the repository and the branch. CircleCI cannot hide a
value that a job reads while it runs: nothing here prints one.

Source: CircleCI Docs, "Using OpenID Connect tokens in jobs" (claims of both tokens, forks), "OIDC tokens with
custom claims" (`circleci run oidc get`), "Configuration
reference" (`run`, `environment`, which is taken literally), "Pipeline values and parameters" (`<<`);
checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.script import Runner, script
from keyplan.wiring.consumers import admission, list_setting, refused, subject
from keyplan.wiring.gcp.reader import plain_of
from keyplan.wiring.syntax.yaml import Block, Node, Noted, Verbatim, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

# CircleCI replaces what stands between `<<` and `>>` before anything else sees it.
EXPRESSION = "<<"
OWN_PREFIX = "CIRCLE_"
# The first has bash, curl, jq and the AWS CLI; the second all but the last.
AWS_IMAGE, GCP_IMAGE = "cimg/aws:2025.01", "cimg/base:2025.01"
RUNNER = Runner(
    identity="$CIRCLE_OIDC_TOKEN",
    build="CIRCLE_BUILD_NUM",
    mask="",
    identity_for_anthropic='$(circleci run oidc get --claims \'{"aud": "{audience}"}\')',
)
RUNNER_OF_BRANCHES = replace(RUNNER, identity="$CIRCLE_OIDC_TOKEN_V2")

_STEP_NOTE = """\
Replace the last line by your program. This step alone has the keys, and CircleCI does not mask them: do not
print them, and write none to BASH_ENV, which later steps read."""
_FILTER_NOTE = """\
Name your protected branch. This filter only chooses what runs: the trust accepts every branch of the project,
so whoever can push to the project can read. A pull request from a fork gets no token unless the project's
setting "Pass secrets to builds from forked pull requests" is on: leave it off."""
_BRANCHES_NOTE = """\
Only what the trust accepts, of the project's own repository: a fork's job names the fork, and the branch of a
pull request from a fork is none of these. Whoever can push to these branches can read: protect them."""


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The configuration, for `.circleci/config.yml` of the consumer's project.

    Raises:
        UsageError: a text that holds `<<`, or a variable that CircleCI sets itself.
        ManifestError: no role or provider, or two variables of one name.
    """
    branches = list_setting(consumer, "branches")
    text = script(manifest, consumer, pins, RUNNER_OF_BRANCHES if branches else RUNNER)
    plain = _plain(consumer)
    only = [_branch(branch) for branch in branches] or ["main"]
    if any(EXPRESSION in each for each in (text, consumer.name, *only)):
        raise UsageError(
            f"a setting of {consumer.name} holds `{EXPRESSION}`, which CircleCI would evaluate",
            f"change consumers.{consumer.name} in the environment's configuration",
        )
    name = f"{consumer.name}-job" if consumer.name == "version" else consumer.name
    run: dict[str, Node] = {"name": f"Run {consumer.name}", "shell": "/bin/bash"}
    if plain:
        run["environment"] = plain
    run["command"] = Block(text)
    note = _BRANCHES_NOTE if branches else _FILTER_NOTE
    image = GCP_IMAGE if consumer.cloud == "gcp" else AWS_IMAGE
    document: dict[str, Node] = {
        "version": Verbatim("2.1"),
        "jobs": {
            name: {"docker": [{"image": image}], "steps": ["checkout", Noted(_STEP_NOTE, {"run": run})]}
        },
        "workflows": {
            name: {
                "jobs": [Noted(note, {name: {"filters": {"branches": {"only": [*only]}}}})],
            }
        },
    }
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for CircleCI.\n"
        f"No value and no cloud key is stored there: the job proves who it is, and {admission(consumer)}."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml(document)


def _branch(pattern: str) -> str:
    """A branch as a filter compares it: a name, or a regular expression of a whole name between slashes."""
    if re.fullmatch(r"[A-Za-z0-9._-][A-Za-z0-9._/-]*", pattern):
        return pattern
    parts = (re.sub(r"[^A-Za-z0-9_-]", r"\\\g<0>", part) for part in pattern.split("*"))
    return f"/{'.*'.join(parts)}/"


def _plain(consumer: ManifestConsumer) -> dict[str, Node]:
    variables: dict[str, Node] = {}
    for name, value in plain_of(consumer).items():
        if name.startswith(OWN_PREFIX):
            raise refused(consumer, name, "CircleCI sets the variables of that prefix itself")
        if EXPRESSION in value:
            raise refused(consumer, name, f"it holds `{EXPRESSION}`, which CircleCI would evaluate")
        variables[name] = value
    return variables
