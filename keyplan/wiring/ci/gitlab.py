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
from keyplan.manifest import Manifest, ManifestConsumer
from keyplan.wiring.ci import gitlab_aws, gitlab_gcp
from keyplan.wiring.ci.gitlab_reading import IDENTITY
from keyplan.wiring.consumers import list_setting, refused, require_distinct
from keyplan.wiring.gcp.reader import plain_of
from keyplan.wiring.syntax.yaml import Node, Noted, comment
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
_SECRETS_NOTE = "The values are variables of this job alone, masked in its log."


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The job, for the project's .gitlab-ci.yml.

    Raises:
        UsageError: a variable that GitLab sets itself.
        ManifestError: no role or provider, no branch and no tag, or two variables of one name.
    """
    if consumer.cloud == "gcp":
        reading = gitlab_gcp.reading(manifest, consumer, pins)
    else:
        reading = gitlab_aws.reading(manifest, consumer)
    require_distinct(consumer, [IDENTITY, *reading.variables, *consumer.env, *reading.secrets])
    job: dict[str, Node] = {
        "rules": Noted(reading.rules_note, _rules(consumer)),
        "variables": Noted(_VARIABLES_NOTE, {**reading.variables, **_plain(consumer)}),
        "id_tokens": {IDENTITY: {"aud": reading.audience}},
        "secrets": Noted(_SECRETS_NOTE, reading.secrets),
        "script": Noted("Replace it by your program.", [f'test -n "${name}"' for name in reading.secrets]),
    }
    heading = (
        f"Keys of {consumer.name} in {manifest.environment}, for GitLab CI.\n"
        f"No value and no cloud key is stored there: {reading.proof}."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml({_job_name(consumer.name): job})


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
