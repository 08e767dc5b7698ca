"""The Buildkite target: a pipeline with one command step, which asks for its token and reads the keys.

`buildkite-agent pipeline upload` replaces `$NAME` in every text, so that each dollar sign is doubled here.

Source: Buildkite Docs, "buildkite-agent oidc", "buildkite-agent redactor", "Using conditionals" and
"buildkite-agent pipeline", environment variable substitution; parser.go of buildkite/interpolate (a
backslash before a dollar sign is an escape, two backslashes stay two); checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.script import Runner, script
from keyplan.wiring.consumers import admission, list_setting, refused, subject
from keyplan.wiring.gcp.reader import plain_of
from keyplan.wiring.syntax.yaml import Block, Node, Noted, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

OWN_PREFIX = "BUILDKITE_"
TOKEN_SECONDS = 300
# Line by line: a program prints a value of several lines that way. The agent takes no blank text.
_MASK = """\
  while IFS= read -r line; do
    [ -z "${line//[[:space:]]/}" ] || printf %s "$line" | buildkite-agent redactor add
  done < <(printf '%s\\n' "$value")
"""
RUNNER = Runner(
    identity=f"$(buildkite-agent oidc request-token --audience {{audience}} --lifetime {TOKEN_SECONDS})",
    build="BUILDKITE_BUILD_NUMBER",
    mask=_MASK,
)
_ODD_BACKSLASHES = re.compile(r"(?<!\\)(?:\\\\)*\\(?=\$)")

_IF_NOTE = """\
Only what the trust accepts, and never a pull request. A fork's build has USER:BRANCH as its branch, which the
trust refuses. Whoever can push to these branches can read: protect them."""
_COMMAND_NOTE = """\
Replace the last line by your program. This step alone has the keys, and the agent masks them in the log.
`$$` is a dollar sign here: one alone would be replaced when the pipeline is uploaded."""


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The pipeline, for `.buildkite/pipeline.yml` of the consumer's repository.

    Raises:
        UsageError: a text that the upload would change, or a variable that Buildkite sets itself.
        ManifestError: no role or provider, no branch, or two variables of one name.
    """
    text = script(manifest, consumer, pins, RUNNER)
    if _ODD_BACKSLASHES.search(text):
        raise UsageError(
            f"a setting of {consumer.name} holds `\\$`, which Buildkite would change",
            f"change consumers.{consumer.name} in the environment's configuration",
        )
    step: dict[str, Node] = {
        "label": _doubled(consumer.name),
        "if": Noted(_IF_NOTE, _doubled(_condition(consumer))),
    }
    plain = _plain(consumer)
    if plain:
        step["env"] = plain
    step["command"] = Noted(_COMMAND_NOTE, Block(_doubled(text)))
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for Buildkite.\n"
        f"No value and no cloud key is stored there: the job proves who it is, and {admission(consumer)}."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml({"steps": [step]})


def _condition(consumer: ManifestConsumer) -> str:
    """The branches as Buildkite compares them; a `*` of the trust matches a slash too, and no colon."""
    branches = list_setting(consumer, "branches")
    if not branches:
        raise ManifestError(f"consumers.{consumer.name}.settings: no branch to run for")
    listed = " || ".join(f"build.branch {_comparison(branch)}" for branch in branches)
    return f"({listed}) && build.pull_request.id == null"


def _comparison(pattern: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._/-]+", pattern):
        return f'== "{pattern}"'
    parts = (re.sub(r"[^A-Za-z0-9_-]", _regex_literal, part) for part in pattern.split("*"))
    return f"=~ /^{'[^:]*'.join(parts)}$/"


def _regex_literal(match: re.Match[str]) -> str:
    """A character as a regular expression; a dollar sign in a class, without a backslash before it."""
    return "[$]" if match[0] == "$" else f"\\{match[0]}"


def _plain(consumer: ManifestConsumer) -> dict[str, Node]:
    variables: dict[str, Node] = {}
    for name, value in plain_of(consumer).items():
        if name.startswith(OWN_PREFIX):
            raise refused(consumer, name, "Buildkite sets the variables of that prefix itself")
        if _ODD_BACKSLASHES.search(value):
            raise refused(consumer, name, "Buildkite would take its backslash before a dollar sign away")
        variables[name] = _doubled(value)
    return variables


def _doubled(text: str) -> str:
    return text.replace("$", "$$")
