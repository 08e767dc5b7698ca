"""The GitLab CI target: one job whose runner trades the job's identity token for the keys.

The runner puts the values, masked, into the job's environment. GitLab has no smaller unit than a job: keep
the job small. GitLab Premium and Ultimate have `secrets`; docs/wiring.md and docs/wiring-gcp.md say what to
do without. How a cloud is read is `gitlab_aws` and `gitlab_gcp`.

Source: GitLab Docs, "CI/CD YAML syntax reference" (`secrets:file` is true by default, `variables:expand`,
`rules:if`), "Use CI/CD variables" (prefixes of its own); checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.routes import IDENTITY_TOKEN, Route
from keyplan.wiring.ci import gitlab_aws, gitlab_gcp
from keyplan.wiring.ci.gitlab_reading import IDENTITY, Reading
from keyplan.wiring.ci.routes import WEB_TOKEN_FILE, aws_token_file, calls_as_itself
from keyplan.wiring.consumers import list_setting, refused, require_distinct, subject
from keyplan.wiring.federation.tokens import audience_of, before_federation
from keyplan.wiring.gcp.reader import plain_of
from keyplan.wiring.syntax.yaml import Block, Node, Noted, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

OWN_PREFIXES = ("CI_", "GITLAB_")
# Names that mean something else at the top of .gitlab-ci.yml. Source: "CI/CD YAML syntax reference", "Global
# keywords" and "Unavailable names for jobs" (checked 2026-11-21).
RESERVED_NAMES = frozenset(
    {"image", "services", "stages", "types", "before_script", "after_script", "variables", "cache", "include"}
    | {"default", "workflow", "spec", "component", "pages", "true", "false", "nil"}
)
_VARIABLES_NOTE = (
    "The first three tell the runner where to trade the token; GitLab knows them by these names."
)
_FEDERATION_NOTE = """\
Anthropic trades it once for a token of its own, in place of an API key: one program a job. Merge requests and
forks get a token of another `sub` or `project_path`: the federation rule must name the branch."""
_BECOME_NOTE = "A file for the cloud's own libraries, which trade it when the program calls a model."
_RULES_NOTE = """\
No merge request's pipeline and no fork starts it. Whoever can push to these branches and tags can call the
models: protect them."""
_SECRETS_NOTE = "The values are variables of this job alone, masked in its log."


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The job, for the project's .gitlab-ci.yml.

    Raises:
        UsageError: a variable that GitLab sets itself.
        ManifestError: no role or provider, no branch and no tag, or two variables of one name.
    """
    reading = _reading(manifest, consumer, pins)
    # The runner's region may be the route's own, too.
    shared = reading.variables if consumer.route == Route.BEDROCK else {}
    plain = {name: value for name, value in _plain(consumer).items() if shared.get(name) != value}
    require_distinct(consumer, [IDENTITY, *reading.variables, *plain, *reading.secrets])
    job: dict[str, Node] = {"rules": Noted(reading.rules_note, _rules(consumer))}
    if reading.variables:
        job["variables"] = Noted(_VARIABLES_NOTE, {**reading.variables, **plain})
    elif plain:
        job["variables"] = plain
    tokens = _tokens(consumer, reading)
    if tokens:
        job["id_tokens"] = tokens
    if reading.secrets:
        job["secrets"] = Noted(_SECRETS_NOTE, reading.secrets)
    job["script"] = _script(manifest, consumer, reading)
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for GitLab CI.\n"
        f"No value and no cloud key is stored there: {reading.proof}."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml({_job_name(consumer.name): job})


def _reading(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> Reading:
    if not consumer.keys and not calls_as_itself(consumer):
        return Reading("the job proves who it is", _RULES_NOTE, "", {}, {})
    if consumer.cloud == "gcp":
        return gitlab_gcp.reading(manifest, consumer, pins)
    return gitlab_aws.reading(manifest, consumer)


def _tokens(consumer: ManifestConsumer, reading: Reading) -> dict[str, Node]:
    """The job's tokens: one for the cloud, if anything of it is needed, and one for Anthropic."""
    tokens: dict[str, Node] = {}
    if reading.secrets or calls_as_itself(consumer, tuple(reading.secrets)):
        tokens[IDENTITY] = {"aud": reading.audience}
    audience = audience_of(consumer)
    if audience is not None:
        tokens[IDENTITY_TOKEN] = Noted(_FEDERATION_NOTE, {"aud": audience})
    return tokens


def _script(manifest: Manifest, consumer: ManifestConsumer, reading: Reading) -> Node:
    """The commands: what the route has to do first, and a line that stands for the program."""
    checks = list(reading.secrets)
    before: list[Node] = []
    if consumer.route == Route.FEDERATION:
        removed = before_federation(consumer)
        before += [f"unset -v {' '.join(removed)}"] if removed else []
        checks.append(IDENTITY_TOKEN)
    if calls_as_itself(consumer, tuple(reading.secrets)):
        on_aws = consumer.cloud == "aws"
        become = aws_token_file(IDENTITY) if on_aws else gitlab_gcp.become(manifest, consumer)
        before.append(Noted(_BECOME_NOTE, Block(become)))
        checks.append(WEB_TOKEN_FILE if on_aws else "GOOGLE_APPLICATION_CREDENTIALS")
    commands: list[Node] = [f'test -n "${name}"' for name in checks] or ["true"]
    if not before:
        return Noted("Replace it by your program.", commands)
    first = commands[0]
    return [*before, Noted("Replace it by your program.", first), *commands[1:]]


def _plain(consumer: ManifestConsumer) -> dict[str, Node]:
    variables: dict[str, Node] = {}
    for name, value in plain_of(consumer).items():
        if name.startswith(OWN_PREFIXES):
            raise refused(consumer, name, "GitLab sets the variables of that prefix itself")
        # GitLab replaces `$NAME` in a value unless it is told not to.
        variables[name] = {"value": value, "expand": False} if "$" in value else value
    return variables


def _rules(consumer: ManifestConsumer) -> list[Node]:
    kinds = (("$CI_COMMIT_BRANCH", "branches"), ("$CI_COMMIT_TAG", "tags"))
    rules: list[Node] = [
        {"if": _condition(variable, name)}
        for variable, kind in kinds
        for name in list_setting(consumer, kind)
    ]
    if not rules:
        raise ManifestError(f"consumers.{consumer.name}.settings: no branch or tag to run for")
    return rules


def _condition(variable: str, pattern: str) -> str:
    """A name or a pattern with `*`, which matches a slash too, as GitLab's comparison."""
    if re.fullmatch(r"[A-Za-z0-9._/-]+", pattern):
        return f'{variable} == "{pattern}"'
    parts = (re.sub(r"[^A-Za-z0-9_-]", r"\\\g<0>", part) for part in pattern.split("*"))
    return f"{variable} =~ /^{'.*'.join(parts)}$/"


def _job_name(name: str) -> str:
    return f"{name}-job" if name in RESERVED_NAMES else name
